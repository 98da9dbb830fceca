//! Python exceptions as the real server reports them: class, message and the text of `traceback.format_exception`.
//!
//! The entries were taken from orangeqs-juice-core 26.43.0 on Python 3.11, and those of the lab from a small Python lab
//! that fails in these ways. `<name>` in a text file is filled in here.

use super::json::Json;

/// `File …` entries of Juice itself, by the step that they stand for.
pub(super) mod entry {
    /// The web socket's handler, on router and services.
    pub(in crate::demo) const HANDLE: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/service/_task_server.py\", line 264, in _handle_request\n",
        "    result = await self.handle_message(msg_data, message)\n",
        "             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
    );
    /// A service reads the task.
    pub(in crate::demo) const DESERIALIZE: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/service/_task_server.py\", line 122, in _handle_task\n",
        "    task_instance = self._deserialize_task(task_data)\n",
        "                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
    );
    /// A service does not know the type.
    pub(in crate::demo) const UNKNOWN_TYPE: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/service/_task_server.py\", line 159, in _deserialize_task\n",
        "    raise ValueError(f\"Unknown task type: {task_type_name}\")\n",
    );
    /// A service checks the payload.
    pub(in crate::demo) const VALIDATE: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/service/_task_server.py\", line 163, in _deserialize_task\n",
        "    return task_type.model_validate(payload)\n",
        "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
        "  File \"/env/.venv/lib/python3.11/site-packages/pydantic/main.py\", line 792, in model_validate\n",
        "    return cls.__pydantic_validator__.validate_python(\n",
        "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
    );
    /// A service runs the handler, which awaits.
    pub(in crate::demo) const AWAIT_HANDLER: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/service/_task_server.py\", line 133, in _handle_task\n",
        "    return await async_future\n",
        "           ^^^^^^^^^^^^^^^^^^\n",
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/service/_task_server.py\", line 127, in _handle\n",
        "    result = await result\n",
        "             ^^^^^^^^^^^^\n",
    );
    /// A service runs a handler that does not await: a blocking sleep refuses its time.
    pub(in crate::demo) const SLEEP_SYNC: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/service/_task_server.py\", line 133, in _handle_task\n",
        "    return await async_future\n",
        "           ^^^^^^^^^^^^^^^^^^\n",
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/service/_task_server.py\", line 125, in _handle\n",
        "    result = self.handle_task(task_instance)\n",
        "             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/service/_task_server.py\", line 90, in handle_task\n",
        "    return handler(task)\n",
        "           ^^^^^^^^^^^^^\n",
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/service/_service.py\", line 75, in _handle_sleep_sync\n",
        "    time.sleep(task.duration)\n",
    );
    /// The router goes on with a task that holds the slot.
    pub(in crate::demo) const ROUTE_SEQUENTIAL: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/task_manager/_router.py\", line 99, in _handle_task\n",
        "    return await self._route(task_id, target, task_data, message)\n",
        "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
    );
    /// The router goes on with a task beside the slot.
    pub(in crate::demo) const ROUTE_PARALLEL: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/task_manager/_router.py\", line 100, in _handle_task\n",
        "    return await self._route(task_id, target, task_data, message)\n",
        "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
    );
    /// The router makes its event and pydantic refuses it.
    pub(in crate::demo) const TASK_EVENT: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/task_manager/_router.py\", line 116, in _route\n",
        "    task_event = TaskEvent(\n",
        "                 ^^^^^^^^^^\n",
        "  File \"/env/.venv/lib/python3.11/site-packages/pydantic/main.py\", line 280, in __init__\n",
        "    validated_self = self.__pydantic_validator__.validate_python(data, self_instance=self)\n",
        "                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
    );
    /// The router looks for `type`.
    pub(in crate::demo) const NO_TYPE: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/task_manager/_router.py\", line 119, in _route\n",
        "    task_type=task_data[\"type\"],\n",
        "              ~~~~~~~~~^^^^^^^^\n",
    );
    /// The router looks for `payload`.
    pub(in crate::demo) const NO_PAYLOAD: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/task_manager/_router.py\", line 122, in _route\n",
        "    task_payload=json.dumps(task_data[\"payload\"]),\n",
        "                            ~~~~~~~~~^^^^^^^^^^^\n",
    );
    /// The router misses `target`.
    pub(in crate::demo) const NO_TARGET: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/task_manager/_router.py\", line 87, in _handle_task\n",
        "    raise ValueError(\"Task data must include a 'target' field.\")\n",
    );
    /// The router takes `metadata` for a dict.
    pub(in crate::demo) const METADATA: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/task_manager/_router.py\", line 90, in _handle_task\n",
        "    display_name = metadata.get(\"display_name\", None)\n",
        "                   ^^^^^^^^^^^^\n",
    );
    /// The router misses the name.
    pub(in crate::demo) const NO_NAME: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/task_manager/_router.py\", line 92, in _handle_task\n",
        "    raise ValueError(\"Task data must include a 'metadata.display_name' field.\")\n",
    );
    /// The router waits for a service that went away.
    pub(in crate::demo) const LOST: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/task_manager/_router.py\", line 142, in _route\n",
        "    return_value = await request\n",
        "                   ^^^^^^^^^^^^^\n",
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/client/_task.py\", line 146, in _connect_recv_loop\n",
        "    raise ConnectionError(\n",
    );
    /// The router asks for a connection.
    pub(in crate::demo) const CONNECT: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/task_manager/_router.py\", line 136, in _route\n",
        "    request = await client.request_raw(task_id, message)\n",
        "              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/client/_task.py\", line 239, in request_raw\n",
        "    await self.connect()\n",
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/client/_task.py\", line 90, in connect\n",
        "    self.connect_result.result()\n",
    );
    /// …and the service's port refuses it.
    pub(in crate::demo) const REFUSED: &str = concat!(
        "  File \"/env/.venv/lib/python3.11/site-packages/orangeqs/juice/client/_task.py\", line 99, in _connect\n",
        "    self._client = await tornado.websocket.websocket_connect(\n",
        "                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n",
    );
    /// …and its name does not resolve.
    pub(in crate::demo) const UNRESOLVED: &str = include_str!("tracebacks/resolve.txt");
}

/// An exception.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    pub(super) ename: String,
    pub(super) evalue: String,
    pub(super) traceback: String,
}

impl Failure {
    /// `class` (with its module where Python shows one) raised with `message` after `entries`.
    pub(super) fn raised(class: &str, message: impl Into<String>, entries: &[&str]) -> Failure {
        let evalue = message.into();
        let mut traceback = String::from("Traceback (most recent call last):\n");
        entries.iter().for_each(|entry| traceback.push_str(entry));
        traceback.push_str(class);
        if !evalue.is_empty() {
            traceback.push_str(": ");
            traceback.push_str(&evalue);
        }
        traceback.push('\n');
        let ename = class.rsplit('.').next().unwrap_or(class).to_owned();
        Failure { ename, evalue, traceback }
    }

    /// With a traceback that was prepared whole.
    pub(super) fn told(ename: &str, evalue: impl Into<String>, traceback: impl Into<String>) -> Failure {
        Failure { ename: ename.to_owned(), evalue: evalue.into(), traceback: traceback.into() }
    }

    /// The reply frame.
    pub(super) fn frame(&self, id: &Json) -> Json {
        Json::map([
            ("id", id.clone()),
            ("status", Json::text("error")),
            ("ename", Json::text(&self.ename)),
            ("evalue", Json::text(&self.evalue)),
            ("traceback", Json::text(&self.traceback)),
        ])
    }
}
