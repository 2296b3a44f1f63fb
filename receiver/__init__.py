"""The edge: takes deliveries in, and lets people ask.

One delivery: `webhooks` bounds and reads the body, `forges` verify it and say what it means, `workers.broker`
records it with the requests it causes and sends their messages; then, and only then, it is answered.

The edge never touches Git, a cluster or a forge's API, and never holds a credential for one: it knows webhook
secrets and the keys of token issuers, nothing else. It asks nobody for anything, but issuers for their public keys.
"""
