"""CloudFormation that never claims what it did not make."""
