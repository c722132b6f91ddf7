# What playbooks/image.yml passes. The settings themselves, with their defaults, are the inventory's `pixel_*`.

# What is built. (regex_replace instead of regex: Packer 1.6 has only the former.)
variable "release" {
  type        = string
  description = "The Unreal build's version, SemVer without a leading v; it names the image."

  validation {
    condition     = regex_replace(var.release, "^(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$", "") == "" && var.release != ""
    error_message = "The release is no SemVer release without a leading v, such as 1.4.0: set pixel_release."
  }
}

variable "pool" {
  type        = string
  description = "The pool whose members are started from the image."

  validation {
    condition     = regex_replace(var.pool, "^[a-z][a-z0-9-]{0,31}$", "") == "" && var.pool != ""
    error_message = "The pool is no lower-case letter followed by up to 31 letters, digits or dashes: set pixel_pool."
  }
}

variable "provenance" {
  type        = map(string)
  description = "What the image was made from: tags of the image and its snapshot, such as pixel:unreal-version."
}

# Where it is built
variable "region" {
  type = string
}

variable "source_ami" {
  type        = string
  description = "The Windows Server base image, by id."

  validation {
    condition     = regex_replace(var.source_ami, "^ami-[0-9a-f]{8,17}$", "") == "" && var.source_ami != ""
    error_message = "The base image is no image id, such as ami-0123456789abcdef0: set pixel_base_image."
  }
}

variable "instance_type" {
  type        = string
  description = "The builder's type. The driver's installer needs the GPU that the members will have."
  default     = "g4dn.xlarge"
}

variable "subnet_id" {
  type        = string
  description = "Where the builder runs; empty: the default VPC."
  default     = ""
}

variable "builder_cidrs" {
  type        = list(string)
  description = "The only addresses that may reach the builder: the caller's."

  validation {
    condition     = length(var.builder_cidrs) > 0 && !contains(var.builder_cidrs, "0.0.0.0/0")
    error_message = "The builder would be open to the world: set pixel_builder_cidrs to this machine's address."
  }
}

variable "volume_size" {
  type        = number
  description = "GiB of the root volume."
  default     = 80
}

variable "kms_key_id" {
  type        = string
  description = "The key that encrypts the root volume; empty: the account's own for EBS."
  default     = ""
}

# How the image behaves
variable "deprecate_after" {
  type        = string
  description = "When EC2 marks the image as deprecated, counted from the build."
  default     = "8760h"
}

variable "fast_launch" {
  type        = bool
  description = "Whether EC2 keeps snapshots of launched images ready. It launches instances of its own to make them."
  default     = false
}

variable "generalize" {
  type        = bool
  description = "Whether sysprep runs, so that each member gets an identity and a password of its own."
  default     = true
}

# How it is set up
variable "host_variables" {
  type        = string
  description = "A file of variables for host.yml. It holds the certificate's key: readable by its owner alone."
}

variable "ansible_playbook" {
  type    = string
  default = "ansible-playbook"
}

variable "manifest" {
  type        = string
  description = "Where the manifest is written."
}

# For another EC2 than AWS's own
variable "endpoint" {
  type        = string
  description = "EC2's URL; empty: AWS's own."
  default     = ""
}

variable "winrm_host" {
  type        = string
  description = "Where the builder is reached; empty: at the address that EC2 tells."
  default     = ""
}

variable "winrm_port" {
  type    = number
  default = 5986
}

variable "stops_itself" {
  type        = bool
  description = "Whether sysprep stops the builder, as it does on Windows."
  default     = true
}

variable "polling_seconds" {
  type    = number
  default = 15
}
