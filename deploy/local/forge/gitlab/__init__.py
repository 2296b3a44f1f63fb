"""GitLab's side of the stand-in: statuses as jobs with GitLab's state machine, merge requests, and payloads.

There is no published description to validate against, so the rules are GitLab's own as its source has them
(``commit_status.rb``, ``create_commit_status_service.rb``), and unknown keys are refused on top.
"""
