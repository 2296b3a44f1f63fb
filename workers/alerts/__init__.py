"""Alerts: what people are told of failures, drift and recoveries, and how it reaches them.

Telling (`telling`) only records, in one round trip to Redis, and never fails or delays a sync. Sending (`sending`) goes
on beside the workers' slots. Nothing here decides anything about the cluster, and no secret value is in an alert.
"""
