"""The service that runs beside Unreal on a member: signalling, the player page, commands, and the member's self-stop."""
