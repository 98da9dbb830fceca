"""Juice's edge gateway, the way in from outside, without the JupyterHub around it.

The handlers are Juice's own. Two things differ from a lab: who may come in is decided here (the one with TOKEN, where
JupyterHub would be asked), and the task manager is on this machine. With TLS on a second port, for `localhost` and
127.0.0.1, by an authority made for this run, whose certificate is in FOLDER/edge-ca.pem.
"""

import asyncio
import pathlib
import ssl

import tornado.web
import trustme

from orangeqs.juice.orchestration import remote_gateway

TOKEN = "edge-token-of-the-tests"


async def authenticate(token):
    """Whether this token lets its bearer in."""
    return token == TOKEN


def serve(folder: pathlib.Path, port: int, tls_port: int) -> None:
    """Serves below /lab/hub until the process ends: JupyterHub with the base URL /lab."""

    async def run() -> None:
        remote_gateway._TASK_MANAGER_HOST = "127.0.0.1"
        given = {"authenticate": authenticate}
        app = tornado.web.Application([(f"/lab/hub{path}", handler, given) for path, handler in remote_gateway.extra_handlers()])
        authority, tls = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(tls)
        authority.cert_pem.write_to_path(str(folder / "edge-ca.pem"))
        app.listen(port)
        app.listen(tls_port, ssl_options=tls)
        await asyncio.Event().wait()

    asyncio.run(run())
