"""Starts one process of a Juice for the tests, on one machine and without root.

    launch.py FOLDER SERVICE < pipe
    launch.py FOLDER edge PORT TLS_PORT < pipe      the edge gateway: see edge.py
    launch.py FOLDER supervisord CONFIGURATION < pipe   a supervisord, which starts a service by this file again
    launch.py FOLDER orchestrator < pipe            the orchestrator, with the systemctl that it finds on its PATH

Reads FOLDER/config (and FOLDER/config-SERVICE, if there is one), writes FOLDER/run, and leaves an empty file
FOLDER/up/PORT for every port on which the service listens. It changes nothing in how Juice works, only where:

* Juice's files are in FOLDER: see place.py.
* The router and the bus listen on every address of the machine; here on 127.0.0.1 only, since a task runs code.
* A service whose port is taken goes on without a port; here it ends with status 98, so that others can be tried.
* The process ends when the pipe on its standard input closes: with the test run, however that ended.
"""

import os
import pathlib
import signal
import sys

PORT_TAKEN = 98


def end_with_the_pipe() -> None:
    """Forks a guard that waits until the pipe closes and then kills this process, also when that is stopped."""
    service = os.getpid()
    if os.fork():
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        return
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, signal.SIG_IGN)
    while os.read(0, 1024):
        pass
    if os.getppid() == service:
        os.kill(service, signal.SIGKILL)
    os._exit(0)


end_with_the_pipe()
folder, service = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]

if service == "supervisord":
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", sys.argv[3]])

import tornado.web  # noqa: E402

import place  # noqa: E402

place.use(folder, service)

listen_anywhere = tornado.web.Application.listen


def listen(app, port, address=None, **options):
    """Listens on the loopback address and says so."""
    try:
        server = listen_anywhere(app, port, address or "127.0.0.1", **options)
    except OSError as error:
        print(f"port {port}: {error}", file=sys.stderr, flush=True)
        os._exit(PORT_TAKEN)
    (folder / "up" / str(port)).touch()
    return server


tornado.web.Application.listen = listen

if service == "task-manager":
    import zmq

    import orangeqs.juice.task_manager._service as manager

    class LoopbackProxy(manager.ZMQProxy):
        """The bus, on the loopback address."""

        def __init__(self, pub_uri, sub_uri, on_message=None):
            try:
                super().__init__(pub_uri.replace("*", "127.0.0.1"), sub_uri.replace("*", "127.0.0.1"), on_message)
            except zmq.ZMQError as error:
                print(f"{pub_uri}, {sub_uri}: {error}", file=sys.stderr, flush=True)
                os._exit(PORT_TAKEN)

    manager.ZMQProxy = LoopbackProxy

if service == "orchestrator":
    import orangeqs.juice._orchestrator._server as orchestrator

    orchestrator.ORCHESTRATOR_SOCKET_PATH = str(folder / "run" / "orchestrator.sock")
    orchestrator.start()
elif service == "edge":
    import edge

    edge.serve(folder, *map(int, sys.argv[3:]))
else:
    from orangeqs.juice.service import start

    start(service)
