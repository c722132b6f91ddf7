"""`pixel.sandbox`: an AWS on this machine's loopback, for trying and testing (moto behind what moto lacks)."""
