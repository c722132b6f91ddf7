"""API Gateway in front of functions: a stage of a REST API answers under an address of the sandbox."""
