"""The wake function: the API that gives a person a private member, and the reconciler that lets nothing leak.

`handler` is the Lambda's entry; `api` and `events` are its two doors. `service` opens, shows and ends sessions;
`placement` claims members for them; `drive` starts what was claimed and publishes its name, for everybody at once;
`reconcile` repairs what any of them left behind. What is decided without AWS is in `sessions`, `pools`, `candidates`
and `repairs`; the calls to EC2 and Route 53 are in `aws`, those to DynamoDB in `pixel.lease.table`.
"""
