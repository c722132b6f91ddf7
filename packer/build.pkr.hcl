# One image: the role, its tests in the image, the seal.
build {
  name    = "pixel"
  sources = ["source.amazon-ebs.member"]

  provisioner "ansible" {
    command       = var.ansible_playbook
    playbook_file = "${path.root}/host.yml"
    user          = "Administrator"
    use_proxy     = false
    ansible_env_vars = [
      "ANSIBLE_NOCOLOR=1",
      "ANSIBLE_CONFIG=${path.root}/ansible.cfg",
    ]
    extra_arguments = ["--extra-vars", "@${var.host_variables}"]
  }

  # The last thing that is done: the host shuts down in it.
  provisioner "powershell" {
    inline = concat(
      ["& 'C:/Program Files/Amazon/EC2Launch/EC2Launch.exe' reset --block"],
      var.generalize ? ["& 'C:/Program Files/Amazon/EC2Launch/EC2Launch.exe' sysprep --shutdown --block"] : [],
    )
  }

  post-processor "manifest" {
    output     = var.manifest
    strip_path = true
    custom_data = {
      release     = var.release
      pool        = var.pool
      region      = var.region
      source_ami  = var.source_ami
      source_name = "${build.SourceAMIName}"
    }
  }
}
