//! What stands in for a message that is too large to be taken: the same message without its content.
//!
//! Of such a message only the beginning and the end are kept. What they tell (which task, of which service, in which
//! state) is enough to say what happened; the content is replaced by its size. It refuses to guess: where beginning and
//! end do not tell, the beginning goes on as it is, and is counted as a message that cannot be read.

use super::{bus, json};

/// So much of the beginning is wanted, bytes: all fields of an event stand before its payload.
pub const HEAD: usize = 64 * 1024;

/// So much of the end, bytes: the state and a flag stand behind it.
pub const TAIL: usize = 1024;

/// So much goes on where nothing can be told.
const SAMPLE: usize = 4096;

/// The member that marks what is ours. A longer text than this is no stand-in.
const MARK: &str = "juicetop_left_out";
const LONGEST: usize = 1024;

/// A message of which only the ends are known.
#[derive(Clone, Copy, Debug)]
pub struct Cut<'a> {
    /// At most [`HEAD`] bytes of its beginning.
    pub head: &'a [u8],
    /// At most [`TAIL`] bytes of its end.
    pub tail: &'a [u8],
    /// How long it was, bytes.
    pub length: u64,
    /// How long it may be.
    pub limit: u64,
}

/// How large a content was that was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The message's length, bytes.
    pub length: u64,
    /// What is taken at most.
    pub limit: u64,
}

impl LeftOut {
    /// Whether this reply stands in for another one.
    pub fn read(reply: &str) -> Option<LeftOut> {
        if reply.len() > LONGEST {
            return None;
        }
        let mark = json::get(reply, MARK)?;
        let number = |name| json::get(mark, name)?.parse().ok();
        Some(LeftOut { length: number("length")?, limit: number("limit")? })
    }

    /// A reply that stands in for the one to the task of that id.
    pub fn reply(&self, id: &str) -> String {
        self.mark(&json::quote(id))
    }

    /// `id` is raw JSON.
    fn mark(&self, id: &str) -> String {
        let LeftOut { length, limit } = self;
        format!("{{\"id\": {id}, \"{MARK}\": {{\"length\": {length}, \"limit\": {limit}}}}}")
    }

    /// What became of it, as a sentence without a full stop.
    pub fn sentence(&self) -> String {
        let LeftOut { length, limit } = self;
        format!("its reply came in a message of {length} bytes and was left out: at most {limit} are taken")
    }
}

impl Cut<'_> {
    /// For a text message, a reply.
    pub fn reply(&self) -> String {
        let head = String::from_utf8_lossy(self.head);
        match first_member(&head, "id") {
            Some(id) => self.mark(id),
            None => head.chars().take(SAMPLE / 4).collect(),
        }
    }

    /// For a binary message, one of the bus.
    pub fn event(&self) -> Vec<u8> {
        self.task_event().unwrap_or_else(|| self.head[..self.head.len().min(SAMPLE)].to_vec())
    }

    /// A task's event, with a reply that stands in for the content.
    fn task_event(&self) -> Option<Vec<u8>> {
        let (topic, rest) = bus::part(self.head)?;
        // The event's own length comes first.
        let head = String::from_utf8_lossy(rest.get(4..)?);
        let tail = String::from_utf8_lossy(self.tail);
        // A name in a text has its quotes escaped, so these are the event's own members.
        let name = "\"task_payload\"";
        let payload = head.find(name)? + name.len();
        let value = head[payload..].trim_start().strip_prefix(':')?.trim_start();
        let before = &head[..head.len() - value.len()];
        let after = &tail[tail.rfind("\"task_state\"")?..];
        let id = json::get(&format!("{before}0}}"), "task_id")?.to_owned();
        let event = format!("{before}{}, {after}", json::quote(&self.mark(&id)));
        let topic = std::str::from_utf8(topic).ok()?;
        Some(bus::encode(topic, &event))
    }

    /// `id` is raw JSON.
    fn mark(&self, id: &str) -> String {
        LeftOut { length: self.length, limit: self.limit }.mark(id)
    }
}

/// The raw value of an object's first member, if it has this name and its value is a short text.
fn first_member<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let rest = head.trim_start().strip_prefix('{')?.trim_start().strip_prefix('"')?;
    let rest = rest.strip_prefix(name)?.strip_prefix('"')?.trim_start().strip_prefix(':')?.trim_start();
    let text = rest.strip_prefix('"')?;
    let end = text.find('"').filter(|end| *end < LONGEST / 4 && !text[..*end].contains('\\'))?;
    Some(&rest[..end + 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        event::{Event, TaskEventState},
        frame::{Reply, ReplyBody},
    };

    fn cut(message: &[u8], head: usize, tail: usize) -> Cut<'_> {
        let tail = &message[message.len() - tail.min(message.len())..];
        Cut { head: &message[..head.min(message.len())], tail, length: message.len() as u64, limit: 100 }
    }

    /// A completed task as Juice writes it, whose payload tries to look like the event around it.
    fn completed(payload: &str) -> Vec<u8> {
        let event = format!(
            concat!(
                r#"{{"time":"2026-11-20T08:00:00Z","task_id":"t-1","task_target":"lab","task_type":"Big","#,
                r#""task_display_name":"a \"task_payload\": b","task_metadata":"{{\"parallel\": true}}","#,
                r#""task_payload":{},"task_state":"completed","show_in_dashboard":true}}"#
            ),
            json::quote(payload)
        );
        bus::encode("TaskEvent.", &event)
    }

    #[test]
    fn an_event_keeps_everything_but_its_content() {
        let inner = r#"{"id": "t-1", "status": "ok", "result": "\"task_state\": \"created\"}"#.repeat(100);
        let message = completed(&inner);
        let stand_in = cut(&message, 600, 200).event();
        assert!(stand_in.len() < 700);
        let Ok(Event::Task(task)) = bus::decode(&stand_in) else { panic!("{stand_in:?}") };
        assert_eq!((&*task.task_id, &*task.target, task.parallel), ("t-1", "lab", Some(true)));
        assert_eq!(&*task.display_name, r#"a "task_payload": b"#);
        assert_eq!((&task.state, task.show_in_dashboard), (&TaskEventState::Completed, true));
        let reply = task.reply.unwrap();
        assert_eq!(reply.id.as_deref(), Some("t-1"));
        assert!(matches!(reply.body, ReplyBody::Odd { status: None }));
        let left_out = LeftOut { length: message.len() as u64, limit: 100 };
        assert_eq!(LeftOut::read(&reply.text), Some(left_out));
        assert!(left_out.sentence().contains(&message.len().to_string()));
    }

    #[test]
    fn a_reply_keeps_its_id() {
        let message = format!(r#"{{"id": "t-2", "status": "ok", "result": "{}"}}"#, "é".repeat(500));
        // Cut in the middle of a character.
        let stand_in = Reply::parse(cut(message.as_bytes(), 201, 10).reply().into()).unwrap();
        assert_eq!(stand_in.id.as_deref(), Some("t-2"));
        assert_eq!(LeftOut::read(&stand_in.text).unwrap().length, message.len() as u64);
    }

    #[test]
    fn what_does_not_tell_goes_on_as_a_message_that_cannot_be_read() {
        for (message, head, tail) in [
            (completed("x"), 100, 100),
            (completed(&"x".repeat(9000)), 600, 20),
            (bus::encode("Other.", &"x".repeat(9000)), 6000, 100),
            (b"\0\0".to_vec(), 2, 2),
        ] {
            assert!(bus::decode(&cut(&message, head, tail).event()).is_err(), "{message:?}");
        }
        for text in ["", "{", "[1]", r#"{"status": "ok", "id": "a"}"#, r#"{"id": "a\"b", "#, r#"{"id": 7, "#]
        {
            let stand_in = cut(text.as_bytes(), 5, 5).reply();
            assert!(LeftOut::read(&stand_in).is_none(), "{stand_in}");
        }
        // A lab's own reply is none of ours.
        assert_eq!(LeftOut::read(r#"{"id": "a", "status": "ok", "result": {"length": 1}}"#), None);
    }
}
