//! A service spoken to alone: nobody keeps its slot, so own sequential tasks go one at a time from here.

use super::{News, Outgoing, Session};
use crate::{
    store::Input,
    time::Now,
    wire::{Text, frame::TaskFrame, link::Line},
};

impl Session {
    /// Sends what waits for a service spoken to alone, after the person has put away what held it back.
    pub fn go_on_alone(&mut self, service: &Text, now: Now) -> Vec<Outgoing> {
        let mut out = Vec::new();
        if self.is_live(&Line::Service(service.clone())) {
            self.next_alone(service, now, &mut out);
        }
        out
    }

    pub(super) fn start_alone(&mut self, frame: TaskFrame, now: Now, out: &mut Vec<Outgoing>) {
        self.store.apply(Input::Started { id: frame.id.clone() }, now);
        out.push(Outgoing {
            line: Line::Service(frame.target.clone()),
            id: frame.id.clone(),
            text: frame.encode(),
        });
    }

    pub(super) fn next_alone(&mut self, name: &Text, now: Now, out: &mut Vec<Outgoing>) {
        let next = self.store.next_alone(name).and_then(|task| self.held.remove(&task.key.0));
        if let Some(frame) = next {
            self.start_alone(frame, now, out);
        }
    }

    /// The store has ended those that waited: they never left this program.
    pub(super) fn lose_alone(&mut self, name: &Text) {
        let lost: Vec<Text> =
            self.held.values().filter(|f| f.target == *name).map(|f| f.id.clone()).collect();
        for id in lost {
            self.held.remove(&id);
            let why = "the link was lost before its turn came".to_owned();
            self.tell(News::NotSent { id, why });
        }
    }
}
