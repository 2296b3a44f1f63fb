"""The work: everything after the queue, and the words both sides speak.

One push, file by file: the edge (`receiver.webhooks`) records a request and sends the app's name
(`broker`); a worker takes it (`tasks`), holds the app's lease and runs the stages in order (`sync`):
``lock fetch render diff apply prune health report``, each a module of that name in `stages`.
`watch` and the sweep in `tasks` ask for the same look when nobody pushed.

The arrow points one way: nothing here imports `receiver`.
"""
