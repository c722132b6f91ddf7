"""The service that runs beside Unreal on a member: signalling, player page, commands, and the member's self-stop."""
