//! A task as Juice keeps it in its database: at most three rows, `created`, `started` and `completed`, all with the time of
//! its first event. When it started and when it ended nobody has written down, and the last row has its reply in place
//! of its payload.
//!
//! It refuses to join rows of different times, for an id may be used again.

use super::{
    Text,
    event::{Stamp, TaskEvent, TaskEventState},
    frame::Reply,
};

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Archived {
    /// When its first event was made, by the lab's clock.
    pub time: Stamp,
    /// The id of its events.
    pub task_id: Text,
    /// Its service.
    pub target: Text,
    /// The type on the wire.
    pub task_type: Text,
    /// The name that its client made.
    pub display_name: Text,
    /// `parallel` of its metadata.
    pub parallel: Option<bool>,
    /// Its metadata, JSON.
    pub metadata: Text,
    /// Its fields, JSON; `None`: the rows that have them are not there, or are too large.
    pub payload: Option<Text>,
    /// It has a row that tells of its end.
    pub ended: bool,
    /// That row calls it failed.
    pub failed: bool,
    /// Its reply, if that can be read.
    pub reply: Option<Reply>,
    /// False for tasks that dashboards hide.
    pub show_in_dashboard: bool,
}

impl Archived {
    /// A task of which one row is known.
    pub fn of(row: TaskEvent) -> Archived {
        let mut task = Archived {
            time: row.time.clone(),
            task_id: row.task_id.clone(),
            target: row.target.clone(),
            task_type: row.task_type.clone(),
            display_name: row.display_name.clone(),
            parallel: row.parallel,
            metadata: row.metadata.clone(),
            payload: None,
            ended: false,
            failed: false,
            reply: None,
            show_in_dashboard: row.show_in_dashboard,
        };
        task.add(row);
        task
    }

    /// Whether a row tells of this task.
    pub fn is_of(&self, row: &TaskEvent) -> bool {
        self.task_id == row.task_id && self.time.is(&row.time)
    }

    /// Takes another of its rows.
    pub fn add(&mut self, row: TaskEvent) {
        self.show_in_dashboard &= row.show_in_dashboard;
        match row.state {
            TaskEventState::Created | TaskEventState::Started => {
                if self.payload.is_none() && !row.payload.is_empty() {
                    self.payload = Some(row.payload);
                }
            }
            TaskEventState::Completed | TaskEventState::Failed => {
                self.ended = true;
                self.failed |= row.state == TaskEventState::Failed;
                self.reply = self.reply.take().or(row.reply);
            }
            // What a word of a later version means cannot be guessed.
            TaskEventState::Other(_) => {}
        }
    }

    /// Bytes of its texts.
    pub fn bytes(&self) -> usize {
        let payload = self.payload.as_ref().map_or(0, |text| text.len());
        let reply = self.reply.as_ref().map_or(0, |reply| reply.text.len());
        self.display_name.len() + self.metadata.len() + payload + reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: TaskEventState, payload: &str) -> TaskEvent {
        let ends = matches!(state, TaskEventState::Completed | TaskEventState::Failed);
        TaskEvent {
            time: Stamp::parse("2026-11-24T23:01:26.4397Z"),
            task_id: "t".into(),
            target: "lab".into(),
            task_type: "Ping".into(),
            display_name: "Ping".into(),
            parallel: Some(true),
            metadata: "{}".into(),
            payload: payload.into(),
            reply: if ends { Reply::parse(payload.into()).ok() } else { None },
            state,
            show_in_dashboard: true,
        }
    }

    #[test]
    fn in_any_order_the_rows_make_one_task() {
        use TaskEventState::{Completed, Created, Started};
        let rows =
            [row(Created, r#"{"a": 1}"#), row(Started, r#"{"a": 1}"#), row(Completed, r#"{"status": "ok"}"#)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let [first, second, third] = order.map(|at| rows[at].clone());
            let mut task = Archived::of(first);
            assert!(task.is_of(&second) && task.is_of(&third));
            task.add(second);
            task.add(third);
            assert_eq!(task.payload.as_deref(), Some(r#"{"a": 1}"#));
            assert!(task.ended && !task.failed && task.reply.is_some(), "{task:?}");
        }
        let begun = Archived::of(rows[0].clone());
        assert!(!begun.ended && begun.reply.is_none());
        let mut other = rows[0].clone();
        other.time = Stamp::parse("2026-11-24T23:01:26.439700001Z");
        assert!(!begun.is_of(&other), "another run");
        other.time = Stamp::parse("2026-11-25T00:01:26.439700+01:00");
        assert!(begun.is_of(&other), "the same moment in other words");
    }
}
