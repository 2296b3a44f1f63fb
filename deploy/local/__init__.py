"""A throw-away Kubernetes control plane on this machine, for demo, tests and play.

It is made of the real parts (etcd, kube-apiserver, kube-controller-manager, kube-scheduler) and of simulated nodes
(kwok). It never listens on anything but loopback, never writes outside its data folder and the cache of binaries,
never touches the user's own kubeconfig, and never leaves a process behind. It never runs a container: pods of the
simulated nodes only say that they run.

:class:`deploy.local.control_plane.ControlPlane` is the entrance; ``python -m deploy.local --help`` lists the commands.
"""
