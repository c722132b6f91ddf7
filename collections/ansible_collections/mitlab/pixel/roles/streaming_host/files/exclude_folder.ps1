# Adds a folder to those that Microsoft Defender does not scan.
param([Parameter(Mandatory)][string]$Folder)

$Ansible.Changed = (Get-MpPreference).ExclusionPath -notcontains $Folder
if ($Ansible.Changed -and -not $Ansible.CheckMode) {
    Add-MpPreference -ExclusionPath $Folder
}
