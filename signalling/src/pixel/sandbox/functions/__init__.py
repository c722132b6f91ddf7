"""Lambda functions that really run: in processes of this machine, with the code that is installed here."""
