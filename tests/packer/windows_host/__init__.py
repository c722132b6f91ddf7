"""A stand-in Windows Server for Packer and Ansible: WinRM over HTTPS in front of a small model of the machine.

It checks what a real one would check too (credentials, modules and their arguments, checksums, programs that are not
there) and keeps a journal. It runs no PowerShell: what a script or an installer does to the machine is in `programs`.
"""
