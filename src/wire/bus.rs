//! The frames of `/remote-sub`: parts with 4-byte big-endian lengths; part 0 is the topic, part 1 the event's JSON.
//!
//! The layout is `encode_multipart` of `orangeqs.juice.schemas.remote`, the fields those of the events' classes in
//! orangeqs-juice-core 26.43.0. It refuses a frame only where the event itself cannot be had or would say nothing:
//! what is not needed to place the event may be missing, doubled, of another type, or new.

use super::{
    Malformed, beside,
    event::{Event, KernelState, ScheduledEvent, ServiceEvent, Stamp, TaskEvent, TaskEventState},
    fields::Fields,
    frame::Reply,
    json,
};

#[cfg(test)]
mod tests;

/// The length of a length.
const PREFIX: usize = 4;

/// Decodes one binary frame of the bus. Parts after the second are passed over.
pub fn decode(frame: &[u8]) -> Result<Event, Malformed> {
    if frame.is_empty() {
        return Err(Malformed::new("the frame is empty"));
    }
    let (topic, rest) = named_part(frame, "part 0 (the topic)")?;
    let topic = text(topic, "the topic")?;
    if topic.is_empty() {
        return Err(Malformed::new("the topic is empty"));
    }
    if rest.is_empty() {
        return Err(Malformed::new("the frame ends after the topic, without an event"));
    }
    let (event, _) = named_part(rest, "part 1 (the event)")?;
    let class = class_of(topic);
    let read = match class {
        "TaskEvent" => task,
        "IPythonServiceState" => service,
        "ScheduledTaskEvent" => scheduled,
        "ThrottleStateEvent" => return beside::throttle(topic, text(event, "the event")?),
        _ => return Ok(beside::read(class, topic, event)),
    };
    let fields = Fields::read(text(event, "the event")?, class)?;
    read(&fields)
}

/// The class of a topic's events: what stands before its first dot.
pub fn class_of(topic: &str) -> &str {
    topic.split_once('.').map_or(topic, |(class, _)| class)
}

/// Encodes one bus frame (for tests and for the demonstration's server). Parts of 4 GiB and more do not exist.
pub fn encode(topic: &str, json: &str) -> Vec<u8> {
    let mut frame = Vec::with_capacity(2 * PREFIX + topic.len() + json.len());
    for part in [topic, json] {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(part.as_bytes());
    }
    frame
}

/// Takes one part off the front of a frame: it, and the rest. `None` where that is cut off.
pub fn part(frame: &[u8]) -> Option<(&[u8], &[u8])> {
    let (prefix, rest) = frame.split_first_chunk::<PREFIX>()?;
    let length = usize::try_from(u32::from_be_bytes(*prefix)).ok()?;
    rest.split_at_checked(length)
}

/// The same, with a word on what is wrong. Nothing is allocated by the length that it claims.
fn named_part<'a>(frame: &'a [u8], name: &str) -> Result<(&'a [u8], &'a [u8]), Malformed> {
    let Some((prefix, rest)) = frame.split_first_chunk::<PREFIX>() else {
        return Err(Malformed::new(format!(
            "the length of {name} is cut off after {} of 4 bytes",
            frame.len()
        )));
    };
    part(frame).ok_or_else(|| {
        let claimed = u32::from_be_bytes(*prefix);
        let left = rest.len();
        let verb = if left == 1 { "is" } else { "are" };
        Malformed::new(format!("{name} claims {claimed} bytes, {left} {verb} left"))
    })
}

fn text<'a>(bytes: &'a [u8], name: &str) -> Result<&'a str, Malformed> {
    std::str::from_utf8(bytes)
        .map_err(|error| Malformed::new(format!("{name} is not UTF-8 at byte {}", error.valid_up_to())))
}

fn task(fields: &Fields<'_>) -> Result<Event, Malformed> {
    let metadata = fields.text("task_metadata").unwrap_or_default();
    let payload = fields.text("task_payload").unwrap_or_default();
    let task_id = fields.required("task_id")?;
    let target = fields.required("task_target")?;
    let state = match &*fields.required("task_state")? {
        "created" => TaskEventState::Created,
        "started" => TaskEventState::Started,
        "completed" => TaskEventState::Completed,
        "failed" => TaskEventState::Failed,
        other => TaskEventState::Other(other.into()),
    };
    let last = matches!(state, TaskEventState::Completed | TaskEventState::Failed);
    Ok(Event::Task(Box::new(TaskEvent {
        time: fields.stamp("time").unwrap_or_else(Stamp::missing),
        task_id,
        target,
        state,
        task_type: fields.word("task_type")?.unwrap_or_default(),
        display_name: fields.text("task_display_name").unwrap_or_default(),
        parallel: json::get(&metadata, "parallel").and_then(json::boolean),
        metadata,
        reply: if last { Reply::parse(payload.clone()).ok() } else { None },
        payload,
        show_in_dashboard: fields.boolean("show_in_dashboard").unwrap_or(true),
    })))
}

fn service(fields: &Fields<'_>) -> Result<Event, Malformed> {
    Ok(Event::Service(ServiceEvent {
        time: fields.stamp("time").unwrap_or_else(Stamp::missing),
        service: fields.required("service")?,
        state: match &*fields.required("state")? {
            "idle" => KernelState::Idle,
            "busy" => KernelState::Busy,
            "restarting" => KernelState::Restarting,
            "connecting" => KernelState::Connecting,
            other => KernelState::Unknown(other.into()),
        },
    }))
}

fn scheduled(fields: &Fields<'_>) -> Result<Event, Malformed> {
    Ok(Event::Scheduled(Box::new(ScheduledEvent {
        time: fields.stamp("time").unwrap_or_else(Stamp::missing),
        scheduled_task_id: fields.required("scheduled_task_id")?,
        task_id: fields.word("task_id")?,
        target: fields.word("target")?.unwrap_or_default(),
        task_type: fields.word("task_type")?.unwrap_or_default(),
        display_name: fields.text("display_name").unwrap_or_default(),
        status: fields.required("status")?.into(),
    })))
}
