<powershell>
# Opens the builder's door: WinRM over HTTPS, with a certificate for this day. The security group lets the caller in
# alone; the image has WinRM switched off (role streaming_host, seal).
$ErrorActionPreference = 'Stop'
$certificate = New-SelfSignedCertificate -CertStoreLocation Cert:\LocalMachine\My -DnsName 'pixel-builder' -NotAfter (Get-Date).AddDays(1)
Get-ChildItem WSMan:\localhost\Listener | Where-Object { $_.Keys -contains 'Transport=HTTP' } | Remove-Item -Recurse -Force
New-Item -Path WSMan:\localhost\Listener -Transport HTTPS -Address * -CertificateThumbPrint $certificate.Thumbprint -Force
Set-Item -Path WSMan:\localhost\Service\Auth\Basic -Value $true
Set-Item -Path WSMan:\localhost\Service\AllowUnencrypted -Value $false
Set-Item -Path WSMan:\localhost\MaxTimeoutms -Value 1800000
New-NetFirewallRule -Name pixel-builder-winrm -DisplayName 'Pixel builder: WinRM' -Direction Inbound -Protocol TCP -LocalPort 5986 -Action Allow
Set-Service -Name WinRM -StartupType Automatic
Restart-Service -Name WinRM
</powershell>
