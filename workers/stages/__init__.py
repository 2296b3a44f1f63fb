"""The stages of a sync, one module each, named as logs, records and statuses name them.

No stage imports another and none knows the order: that lives in `workers.sync`.
"""
