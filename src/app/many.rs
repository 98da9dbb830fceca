//! Many at once: what the composer's form makes where fields of it run through values.
//!
//! The values themselves are typed into the form and checked there. Here they become one [`Batch`]: how several fields
//! go together, what the group is called, whether its first task goes alone. The group's own small screen changes just
//! these three; it sends nothing by itself.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::{
    compose::{Body, Compose, SECRET},
    forecast::Forecast,
    form::Tone,
    layout::Window,
    line::LineEdit,
    session::{Batch, Way},
};
use crate::{
    catalogue::sweep::{Combine, Pattern, Payloads, Plan},
    clean::{Charset, Clean},
    store::Store,
    wire::group,
};

/// What a person says of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// How several fields go together.
    pub combine: Combine,
    /// Its name; `None`: one is made of the class and the fields.
    pub name: Option<String>,
    /// The rest goes once the first one has ended ok.
    pub first_alone: bool,
}

/// What a form with sweeps makes, as it stands.
#[derive(Clone, Debug)]
pub struct Many {
    /// Which task has which values; or why none can be made, in one phrase.
    pub plan: Result<Plan, String>,
    /// The payload with the swept fields left open.
    payload: Pattern,
    /// The same with its secrets masked, if it has any: display names are made of it.
    masked: Option<Pattern>,
}

impl Many {
    /// The payloads that it makes; `None` where it can make none.
    pub(super) fn payloads(&self) -> Option<Payloads> {
        let plan = self.plan.as_ref().ok()?;
        Some(Payloads::new(self.payload.clone(), plan.clone()))
    }
}

impl Compose {
    /// Looks at the sweeps anew; `None` where no field has one.
    pub(super) fn look_at_sweeps(&self) -> Option<Many> {
        let Body::Form(pane) = &self.body else { return None };
        let form = &pane.form;
        let fields = form.swept();
        if fields.is_empty() {
            return None;
        }
        let mut axes = Vec::new();
        let mut fault = None;
        for id in &fields {
            match form.sweep(*id) {
                Some(Ok(sweep)) => axes.push((form.dotted(*id), sweep.clone())),
                Some(Err(why)) => fault = fault.or(Some(format!("{}: {why}", form.dotted(*id)))),
                None => {}
            }
        }
        let nowhere = |id| format!("{} does not go out as things stand", form.dotted(id));
        let payload = form.pattern(&fields).map_err(nowhere);
        // Secrets cannot be swept, so the fields are the same ones.
        let masked = self.masked_form(SECRET).map(|form| form.pattern(&fields)).transpose().map_err(nowhere);
        let (payload, masked) = match (payload, masked) {
            (Ok(payload), Ok(masked)) => (payload, masked),
            (Err(why), _) | (_, Err(why)) => {
                let payload = Pattern::default();
                return Some(Many { plan: Err(why), payload, masked: None });
            }
        };
        let plan = match fault {
            Some(why) => Err(why),
            None => Plan::new(axes, self.group.combine),
        };
        Some(Many { plan, payload, masked })
    }

    /// The fields that run through values, and how it was typed; also while it is JSON.
    pub(super) fn sweeps(&self) -> Vec<(String, String)> {
        let Some(form) = self.form().or(self.form_aside()).map(|pane| &pane.form) else { return Vec::new() };
        let typed = |id| Some((form.dotted(id), form.field(id)?.sweep.clone()?));
        form.swept().into_iter().filter_map(typed).collect()
    }

    /// Whether a field runs through values; also while it is JSON.
    pub fn has_sweeps(&self) -> bool {
        !self.sweeps().is_empty()
    }

    /// How many tasks it makes; 1 also where the sweeps cannot be read yet.
    pub fn tasks(&self) -> usize {
        self.many.as_ref().and_then(|many| many.plan.as_ref().ok()).map_or(1, Plan::count)
    }

    /// The group's name, as it stands.
    pub fn group_name(&self) -> String {
        match &self.group.name {
            Some(name) => name.trim().to_owned(),
            None => self.own_group_name(),
        }
    }

    /// A name made of the class and the swept fields.
    fn own_group_name(&self) -> String {
        match self.many.as_ref().and_then(|many| many.plan.as_ref().ok()) {
            Some(plan) => plan.name_for(&self.task_type.class),
            None => group::tidy(&self.task_type.class),
        }
    }

    /// The tasks as they would be sent; `None` where no field is swept.
    ///
    /// # Errors
    /// Why nothing can be sent, in one phrase.
    pub fn batch(&self) -> Option<Result<Batch, String>> {
        let many = self.many.as_ref()?;
        Some(self.batch_of(many))
    }

    /// The same with that word in place of each secret; `None` where it has none, or nothing can be sent.
    pub(super) fn batch_with(&self, word: &str) -> Option<Batch> {
        let payload = self.masked_form(word)?.pattern(&self.form()?.form.swept()).ok()?;
        Some(Batch { payload, ..self.batch()?.ok()? })
    }

    fn batch_of(&self, many: &Many) -> Result<Batch, String> {
        let plan = many.plan.clone()?;
        let name = self.group_name();
        group::check(&name)?;
        Ok(Batch {
            task_type: self.task_type.clone(),
            target: self.service.clone(),
            parallel: self.parallel,
            payload: many.payload.clone(),
            masked: many.masked.clone(),
            made: self.made.as_ref().map(|made| Arc::clone(&made.envelopes)),
            plan,
            name: name.into(),
            tag: group::tag(&self.id),
            run_at: match &self.way {
                Way::Scheduled(at) => *at,
                Way::Direct | Way::Alone => None,
            },
            first_alone: self.group.first_alone,
        })
    }

    /// What is to be expected of its tasks.
    pub fn forecast(&self, store: &Store) -> Forecast {
        let kind = &self.task_type;
        Forecast::new(store, &self.service, &kind.name, &kind.class, self.tasks())
    }

    /// All that is to be said of the group, the most important first.
    pub fn told_of_group(&self, forecast: &Forecast) -> Vec<(Tone, String)> {
        let plan = match self.many.as_ref().map(|many| &many.plan) {
            Some(Ok(plan)) => plan,
            Some(Err(why)) => return vec![(Tone::Error, why.clone())],
            None => return Vec::new(),
        };
        let mut told = vec![(Tone::Doc, format!("{} tasks, {}", plan.count(), forecast.line()))];
        if let Some(why) = forecast.stop() {
            told.push((Tone::Error, format!("It will not be sent: {why}")));
        } else if let Some(why) = forecast.warning() {
            told.push((Tone::Warning, why));
        }
        told.push((Tone::Doc, format!("first  {}", self.values(0))));
        told.push((Tone::Doc, format!("last   {}", self.values(plan.count().saturating_sub(1)))));
        let ranges = self.batch().and_then(Result::ok).map(|batch| batch.ranges()).unwrap_or_default();
        told.extend(ranges.into_iter().map(|range| (Tone::Limits, range)));
        let way = "Through the scheduler: it starts at most one a second and gives each one the slot, also parallel \
                   ones. What it has been handed goes on if this terminal is lost.";
        told.push((Tone::Limits, way.to_owned()));
        told
    }

    /// The swept values of the task of that number, from 0: `averages=10, band="X"`.
    pub fn values(&self, at: usize) -> String {
        let plan = self.many.as_ref().and_then(|many| many.plan.as_ref().ok());
        plan.map(|plan| plan.told(at)).unwrap_or_default()
    }
}

/// Where typing goes on the group's screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// The name.
    Name,
    /// How several fields go together.
    Together,
    /// Whether the first one goes alone.
    First,
    /// Of a group that was being sent when juicetop ended: only what is missing, or all.
    Again,
}

/// The group's screen, over the form.
#[derive(Debug)]
pub struct GroupPane {
    /// Where typing goes.
    pub focus: Focus,
    /// The name as it stands.
    pub name: LineEdit,
    /// The first line that is seen of what is said of the group, where it is longer than its place.
    pub top: usize,
    /// It is about a group that was being sent when juicetop ended.
    pub again: bool,
    /// A name was typed.
    named: bool,
}

/// Where the parts of the group's screen stand.
#[derive(Debug)]
pub struct Fit {
    /// There is room for a rule below the head.
    pub ruled: bool,
    /// What is said of the group, row by row.
    pub told: Vec<(Tone, Clean)>,
    /// The rows of it that are seen.
    pub window: Window,
}

impl GroupPane {
    /// Opens on what stands in the composer.
    pub fn new(compose: &Compose) -> GroupPane {
        GroupPane {
            focus: Focus::Name,
            name: LineEdit::new(&compose.group_name()),
            top: 0,
            again: compose.begun().is_some(),
            named: compose.group.name.is_some(),
        }
    }

    /// How what is said of the group stands in this place, below the head, its fields and a rule.
    pub fn fit(&self, told: Vec<(Tone, String)>, area: Rect, charset: Charset) -> Fit {
        let above = 5 + usize::from(self.again);
        let columns = usize::from(area.width).saturating_sub(2).max(8);
        let told: Vec<(Tone, Clean)> = told
            .into_iter()
            .flat_map(|(tone, text)| {
                Clean::line(&text, charset).wrap(columns).into_iter().map(move |t| (tone, t))
            })
            .collect();
        let room = usize::from(area.height).saturating_sub(above);
        let window = Window::new(told.len(), room, self.top);
        Fit { ruled: told.len() < room, told, window }
    }

    /// Goes up or down, round the ends.
    pub fn step(&mut self, by: isize) {
        const ORDER: [Focus; 4] = [Focus::Name, Focus::Together, Focus::First, Focus::Again];
        let count = if self.again { 4 } else { 3 };
        let at = ORDER.iter().position(|focus| *focus == self.focus).unwrap_or(0) as isize;
        self.focus = ORDER[(at + by).rem_euclid(count) as usize];
    }

    /// Takes a key that is no action here; it changes the group at once.
    pub fn key(&mut self, key: KeyEvent, group: &mut Group, all_anew: &mut bool) {
        let turns = matches!(key.code, KeyCode::Char(' ') | KeyCode::Left | KeyCode::Right);
        match self.focus {
            Focus::Name => {
                self.named |= self.name.key(key);
                self.take(group);
            }
            Focus::Together if turns => {
                group.combine = match group.combine {
                    Combine::Multiply => Combine::Zip,
                    Combine::Zip => Combine::Multiply,
                };
            }
            Focus::First if turns => group.first_alone = !group.first_alone,
            Focus::Again if turns => *all_anew = !*all_anew,
            Focus::Together | Focus::First | Focus::Again => {}
        }
    }

    /// Takes a paste into the name.
    pub fn paste(&mut self, text: &str, group: &mut Group) {
        if self.focus == Focus::Name {
            self.name.paste(text);
            self.named = true;
            self.take(group);
        }
    }

    /// An empty line is no name: then one is made.
    fn take(&self, group: &mut Group) {
        let text = self.name.text();
        group.name = (self.named && !text.trim().is_empty()).then(|| text.to_owned());
    }
}
