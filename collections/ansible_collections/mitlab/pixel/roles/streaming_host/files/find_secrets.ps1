# Lists the files that hold a private key or an AWS key. Small ones only: secrets are small, packaged games are not.
param([Parameter(Mandatory)][string[]]$Folders)

$pattern = '-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|aws_secret_access_key'
$found = Get-ChildItem -LiteralPath $Folders -Recurse -File -Force -ErrorAction SilentlyContinue |
    Where-Object { $_.Length -lt 64KB -and $_.Extension -notin '.py', '.pyc', '.ps1' } |
    Where-Object { Select-String -LiteralPath $_.FullName -Pattern $pattern -CaseSensitive -Quiet }
$Ansible.Changed = $false
$Ansible.Result = @{ found = @($found.FullName) }
