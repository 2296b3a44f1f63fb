"""What a user deploys, and the throw-away control plane of demo and tests; `receiver` and `workers` never import it."""
