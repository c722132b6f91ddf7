# Plugins of current Packer, pinned: Packer keeps no lock file. Packer 1.6 has both builders built in and does not know
# this block, so downlevel.py leaves this file out.
packer {
  required_version = ">= 1.9.0"

  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "= 1.8.2"
    }
    ansible = {
      source  = "github.com/hashicorp/ansible"
      version = "= 1.1.6"
    }
  }
}
