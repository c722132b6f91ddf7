# The builder: one instance for the time of the build, and what becomes of its volume.
locals {
  name = "pixel-${var.pool}-${var.release}"
  tags = merge(var.provenance, {
    "Name"          = local.name
    "pixel:pool"    = var.pool
    "pixel:release" = var.release
  })
}

source "amazon-ebs" "member" {
  region                  = var.region
  custom_endpoint_ec2     = var.endpoint
  skip_region_validation  = true
  skip_metadata_api_check = true

  # The release alone names the image, so that EC2 itself refuses to make a release twice.
  ami_name        = local.name
  ami_description = "Release ${var.release} of pool ${var.pool}"
  tags            = local.tags
  snapshot_tags   = local.tags

  source_ami    = var.source_ami
  instance_type = var.instance_type
  subnet_id     = var.subnet_id
  # Without the pool's tag: the builder is no member.
  run_tags = {
    "Name"          = "builder of ${local.name}"
    "pixel:builder" = var.release
    "pixel:image"   = local.name
  }
  run_volume_tags = {
    "pixel:image" = local.name
  }
  temporary_security_group_source_cidrs = var.builder_cidrs

  launch_block_device_mappings {
    device_name           = "/dev/sda1"
    volume_size           = var.volume_size
    volume_type           = "gp3"
    iops                  = 3000
    throughput            = 125
    encrypted             = true
    kms_key_id            = var.kms_key_id
    delete_on_termination = true
  }

  user_data_file = "${path.root}/user_data.ps1"
  communicator   = "winrm"
  winrm_username = "Administrator"
  winrm_use_ssl  = true
  winrm_insecure = true # the host's certificate is its own, made at boot; nobody could vouch for it
  winrm_host     = var.winrm_host
  winrm_port     = var.winrm_port
  winrm_timeout  = "15m"

  disable_stop_instance = var.stops_itself && var.generalize

  aws_polling {
    delay_seconds = var.polling_seconds
    max_attempts  = 240
  }

  # [packer>=1.7
  imds_support = "v2.0"

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  deprecate_at = timeadd(timestamp(), var.deprecate_after)

  fast_launch {
    enable_fast_launch    = var.fast_launch
    max_parallel_launches = 6
    target_resource_count = 6
  }
  # packer>=1.7]
}
