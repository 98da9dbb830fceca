//! All that passes on the bus, counted: by classes and by topics, with the last message of each.
//!
//! It refuses to grow with a bus full of made-up names: what comes beyond the limits is counted and passed over.

use std::{collections::BTreeMap, time::Duration};

use super::TOPIC;
use crate::{
    time::Now,
    wire::{
        Text,
        bus::class_of,
        event::{Event, Said, ServiceEvent},
    },
};

/// Topics beyond these are passed over, of whatever class.
pub const MOST_TOPICS: usize = 2_000;
/// See [`MOST_TOPICS`].
pub const MOST_CLASSES: usize = 500;
/// What the last messages of all topics may take, bytes. One that has no room is only counted.
pub const MESSAGES: usize = 2 << 20;

/// All of it.
#[derive(Clone, Debug, Default)]
pub struct Topics {
    classes: BTreeMap<Text, Class>,
    /// How many topics all classes have.
    known: usize,
    passed_over: u64,
    /// Since when events are counted.
    since: Option<Now>,
    /// What the names take, and what the messages do.
    names: usize,
    messages: usize,
}

/// Events of one class: that before the topic's first dot.
#[derive(Clone, Debug, Default)]
pub struct Class {
    /// All of it.
    pub tally: Tally,
    /// Its topics.
    pub topics: BTreeMap<Text, Topic>,
}

/// One topic.
#[derive(Clone, Debug, Default)]
pub struct Topic {
    /// Its events.
    pub tally: Tally,
    /// The last message; `None` where it is one of which the lanes are made.
    pub said: Option<Said>,
}

/// How many, how often and when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// How many were heard.
    pub count: u64,
    /// When the last one was.
    pub heard: Option<Now>,
    /// The minute that is counted, of those since the start of the clock, and the counts of it and of the one before.
    minute: u64,
    here: u32,
    before: u32,
}

impl Tally {
    fn add(&mut self, now: Now) {
        self.count += 1;
        self.heard = Some(now);
        (self.before, self.here) = self.counts(now);
        self.minute = now.mono.as_secs() / 60;
        self.here = self.here.saturating_add(1);
    }

    fn counts(&self, now: Now) -> (u32, u32) {
        match (now.mono.as_secs() / 60).saturating_sub(self.minute) {
            0 => (self.before, self.here),
            1 => (self.here, 0),
            _ => (0, 0),
        }
    }
}

impl Topics {
    /// Counts an event, and keeps it as the last one of its topic.
    pub(super) fn count(&mut self, event: &Event, now: Now) {
        self.since.get_or_insert(now);
        let said = event.said();
        let topic = match event {
            // Each of the scheduler's has a topic of its own; what these are about stands in the lanes.
            Event::Task(_) | Event::Scheduled(_) => None,
            Event::Service(ServiceEvent { service, .. }) => {
                Some(Text::from(format!("IPythonServiceState.{service}.")))
            }
            _ => said.map(|said| said.topic.clone()),
        };
        let class = match event {
            Event::Task(_) => "TaskEvent",
            Event::Scheduled(_) => "ScheduledTaskEvent",
            _ => topic.as_deref().map_or("", class_of),
        };
        if !self.classes.contains_key(class) {
            if self.classes.len() >= MOST_CLASSES {
                self.passed_over += 1;
                return;
            }
            self.names += TOPIC + class.len();
            self.classes.insert(class.into(), Class::default());
        }
        let Some(known) = self.classes.get_mut(class) else { return };
        known.tally.add(now);
        let Some(topic) = topic else { return };
        if !known.topics.contains_key(&topic) {
            if self.known >= MOST_TOPICS {
                self.passed_over += 1;
                return;
            }
            self.known += 1;
            // The last message has it once more.
            self.names += TOPIC + 2 * topic.len();
            known.topics.insert(topic.clone(), Topic::default());
        }
        let Some(known) = known.topics.get_mut(&topic) else { return };
        known.tally.add(now);
        if let Some(said) = said {
            self.messages -= known.said.as_ref().map_or(0, |said| said.json.len());
            let mut said = said.clone();
            if self.messages + said.json.len() > MESSAGES {
                said.json = Text::default();
            }
            self.messages += said.json.len();
            known.said = Some(said);
        }
    }

    /// What it takes, bytes: an estimate.
    pub(super) fn bytes(&self) -> usize {
        self.names + self.messages
    }

    /// Events for whose class or topic there was no room.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// The classes by their names.
    pub fn classes(&self) -> impl Iterator<Item = (&Text, &Class)> {
        self.classes.iter()
    }

    /// One of them.
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.classes.get(name)
    }

    /// One topic, with its name as it is kept.
    pub fn topic(&self, topic: &str) -> Option<(&Text, &Topic)> {
        self.classes.get(class_of(topic))?.topics.get_key_value(topic)
    }

    /// Events a minute; `None`: it was not listened for long enough to say.
    pub fn rate(&self, tally: &Tally, now: Now) -> Option<f64> {
        let listened = now.since(self.since?);
        if listened < Duration::from_secs(10) {
            return None;
        }
        let (before, here) = tally.counts(now);
        let into = now.mono.as_secs_f64() % 60.0;
        let listened = listened.as_secs_f64();
        let seconds = listened.min(60.0);
        // Of the minute before so much as reaches into the last sixty seconds.
        let share = if seconds > into { (seconds - into) / (listened - into).min(60.0) } else { 0.0 };
        Some((f64::from(here) + f64::from(before) * share) * 60.0 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::bus::{decode, encode};

    fn hear(topics: &mut Topics, topic: &str, event: &str, at: f64) {
        topics.count(&decode(&encode(topic, event)).unwrap(), Now::at(at));
    }

    #[test]
    fn rates_are_those_of_the_last_minute() {
        let mut topics = Topics::default();
        let rate = |topics: &Topics, at: f64| {
            let tally = topics.class("Wave").unwrap().tally;
            topics.rate(&tally, Now::at(at)).map(f64::round)
        };
        for n in 0..600 {
            hear(&mut topics, "Wave.a.", "{}", 1_000.0 + f64::from(n));
        }
        assert_eq!(rate(&topics, 1_005.0), None);
        assert_eq!(rate(&topics, 1_599.9), Some(60.0));
        assert_eq!(rate(&topics, 1_679.0), Some(1.0), "it has stopped");
        assert_eq!(rate(&topics, 2_000.0), Some(0.0));
        // One second after the start of a minute as well as before its end.
        let mut topics = Topics::default();
        for n in 0..300 {
            hear(&mut topics, "Wave.a.", "{}", 30.0 + f64::from(n) / 10.0);
        }
        assert_eq!(rate(&topics, 59.9).map(|r| (r / 10.0).round()), Some(60.0));
        let (name, topic) = topics.topic("Wave.a.").unwrap();
        assert_eq!((&**name, topic.tally.count), ("Wave.a.", 300));
        assert_eq!(&*topic.said.as_ref().unwrap().json, "{}");
    }

    #[test]
    fn every_topic_that_is_listed_is_found_by_its_name() {
        let mut topics = Topics::default();
        let busy = r#"{"service": "a.b", "state": "busy"}"#;
        for (topic, event) in
            [("IPythonServiceState.a.b.", busy), ("Wave.a.", "{}"), ("Odd", "{}"), (".x", "{}"), ("..", "1")]
        {
            hear(&mut topics, topic, event, 0.0);
            assert_eq!(&**topics.topic(topic).unwrap().0, topic);
        }
        let listed = topics.classes().map(|(_, class)| class.topics.len());
        assert_eq!(listed.sum::<usize>(), 5);
    }

    #[test]
    fn no_flood_of_names_or_messages_grows_for_ever() {
        let mut topics = Topics::default();
        let large = "x".repeat(60_000);
        for n in 0..10_000 {
            hear(&mut topics, &format!("Wave.{n}."), &large, 0.0);
            hear(&mut topics, &format!("Wave{n}."), "{}", 0.0);
        }
        assert_eq!((topics.classes().count(), topics.known), (MOST_CLASSES, MOST_TOPICS));
        let of = |(_, class): (&Text, &Class)| class.topics.len();
        assert_eq!(topics.classes().map(of).sum::<usize>(), MOST_TOPICS);
        // An event is passed over once, whether for its class or for its topic.
        let room = topics.classes().map(|(_, class)| class.topics.values().map(|topic| topic.tally.count));
        assert_eq!(topics.passed_over(), 20_000 - room.flatten().sum::<u64>());
        let kept = || topics.classes().flat_map(|(_, class)| class.topics.values());
        let messages: usize = kept().filter_map(|topic| Some(topic.said.as_ref()?.json.len())).sum();
        assert!(messages <= MESSAGES && messages == topics.messages, "{messages}");
        assert!(kept().all(|topic| topic.said.as_ref().is_some_and(|said| said.bytes > 0)));
        // What is smaller finds room again, and gives back what it took.
        hear(&mut topics, "Wave.0.", "{}", 0.0);
        assert_eq!(topics.messages, messages - large.len() + 2);
    }
}
