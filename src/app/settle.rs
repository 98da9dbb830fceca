//! What is made anew before the screen is drawn, and after a key of the person's: the lists, the documents, and where their
//! cursors stand.
//!
//! Pure. It refuses to change a list in between: a key means the row that was seen (see `unseen`).

use super::{
    App, By, Layer, Selected, Session, Severity, Ui, failures,
    lanes::{self, Row},
    layout::{self, Shape},
    reader::Reader,
    unseen, update,
    update::schedule::schedule_height,
};
use crate::{clean::exact, store::GroupKey, time::Now};

impl App {
    /// Makes the picture's parts anew where what they show has changed, and keeps selection and scrolling right. Whoever
    /// draws does it first.
    pub fn settle(&mut self, now: Now) {
        self.renew_lists(now, By::Lab);
        self.lay_out(now);
    }

    /// Makes the lists anew. Nothing else changes their rows: in between they are what the person sees.
    pub(super) fn renew_lists(&mut self, now: Now, by: By) {
        let stamp = (self.session.revision(), self.ui.revision, now.mono.as_secs());
        if self.ui.rows_of != Some(stamp) {
            self.build_rows(now, by);
        }
        let areas = self.areas();
        let store = &self.session.store;
        let mut told = None;
        for layer in &mut self.ui.layers {
            match layer {
                Layer::Schedule(schedule) => {
                    let height = schedule_height(areas.body.height);
                    told = told.or(schedule.refresh(store, now, height, by));
                }
                Layer::Failures(failures) => {
                    let height = update::failures_height(areas.body.height);
                    let two = failures::Failures::takes_two(areas.body.width);
                    failures.refresh(store, &self.ui.traces, self.ui.hidden, two, height, (now, by));
                }
                Layer::History(history) => history.refresh(by),
                Layer::Logs(logs) => logs.refresh(by),
                Layer::Services(services) => services.refresh(store, by),
                Layer::Notices(list) => {
                    let height = update::notices_height(areas.body.height);
                    list.refresh(&self.ui.notices.told, height, by);
                }
                Layer::Beside(beside) => beside.refresh(store, by, now),
                _ => {}
            }
        }
        if let Some(told) = told {
            self.tell(Severity::Info, told, now);
        }
        self.ui.rows_of = Some((self.session.revision(), self.ui.revision, now.mono.as_secs()));
    }

    /// Makes documents anew, and puts them where their cursors are seen.
    pub(super) fn lay_out(&mut self, now: Now) {
        let charset = self.settings.charset;
        let areas = self.areas();
        for layer in &mut self.ui.layers {
            match layer {
                Layer::Task(reader) => {
                    reader.refresh(&self.session, &self.catalogue, &self.ui.traces, &self.ui.outputs, now);
                    let pane = areas.task();
                    reader.page.follow(usize::from(pane.width), usize::from(pane.height), charset);
                }
                Layer::Record(record) => {
                    let pane = areas.task();
                    record.lay_out(usize::from(pane.width), usize::from(pane.height), charset);
                }
                Layer::Result(viewer) => viewer.follow(update::result_height(areas.body.height, viewer)),
                Layer::Table(table) => table.follow(update::table_height(areas.body.height)),
                Layer::Compose(compose) => {
                    compose.tell_of_begun(&self.session);
                    compose.follow(areas.body, areas.shape, charset);
                }
                _ => {}
            }
        }
        self.settle_side(now);
    }

    fn build_rows(&mut self, now: Now, by: By) {
        let areas = self.areas();
        let height = areas.lanes_height();
        let sending: Vec<GroupKey> = self.session.sending().iter().map(|s| s.key.clone()).collect();
        let build = |ui: &Ui, session: &Session| {
            lanes::rows(
                &session.store,
                &lanes::Choice {
                    hidden: ui.hidden,
                    filter: &ui.filter,
                    folding: &ui.folding,
                    selected: ui.selected.as_ref(),
                    height,
                    one: areas.shape == Shape::Narrow,
                    open: &ui.open_groups,
                    sending: &sending,
                },
                now,
            )
        };
        // A row's key may have become another one (the scheduler's, once it took the task).
        if let Some(Selected { task: Some(key), .. }) = &mut self.ui.selected
            && let Some(task) = self.session.store.task(key)
        {
            key.clone_from(&task.key);
        }
        let seen = self.ui.selected.clone();
        if !self.ui.moved {
            self.ui.selected = None;
        }
        let before = std::mem::take(&mut self.ui.rows);
        let mut rows = build(&self.ui, &self.session);
        let selected = self.ui.selected.clone();
        let there = |rows: &[Row], s: &Selected| {
            // On a small screen the service's line stands above the rows.
            (areas.shape == Shape::Narrow && s.is_service())
                || rows.iter().any(|r| r.selects().as_ref() == Some(s))
        };
        if let Some(s) = &selected
            && !there(&rows, s)
        {
            // It left the list: the row that now stands where it stood takes over.
            let place = before.iter().position(|r| r.selects().as_ref() == Some(s)).unwrap_or(0);
            let near = rows
                .iter()
                .enumerate()
                .filter_map(|(i, r)| r.selects().map(|s| (i.abs_diff(place), s)))
                .min_by_key(|(d, _)| *d);
            self.ui.selected = near.map(|(_, s)| s);
            if areas.shape == Shape::Narrow && self.ui.selected.is_none() {
                // A small screen shows one service: stay with it while it exists.
                self.ui.selected = Some(Selected::service(s.service.clone()));
            }
        } else if selected.is_none() {
            self.ui.selected = rows.iter().find_map(Row::selects);
            if areas.shape == Shape::Narrow && self.ui.selected.is_none() {
                // Its line is no row here, so that nothing of a quiet service can be found.
                let first = self.session.store.services().next();
                self.ui.selected = first.map(|s| Selected::service(s.name.clone()));
            }
            self.ui.line = 0;
        }
        if self.ui.selected != selected {
            rows = build(&self.ui, &self.session);
        }
        if self.ui.selected != seen {
            let store = &self.session.store;
            by.mark(&mut self.ui.unseen, || match &seen {
                Some(Selected { task: Some(key), .. }) => unseen::task(store, key),
                Some(Selected { group: Some(key), .. }) => {
                    let group = store.group(key);
                    unseen::gone(exact(group.map_or(&key.id, |group| &group.name)))
                }
                Some(Selected { service, .. }) => unseen::gone(exact(service)),
                None => unseen::NOTHING.to_owned(),
            });
        }
        let at = rows.iter().position(|r| r.selects().is_some() && r.selects() == self.ui.selected);
        let least = at.map_or(0, |at| lanes::least_line(&rows, at, height));
        self.ui.rows = rows;
        self.ui.line = self.ui.line.max(least).min(height.saturating_sub(1));
    }

    fn settle_side(&mut self, now: Now) {
        let areas = self.areas();
        let wanted = match areas.side {
            Some(_) => self.ui.selected.as_ref().and_then(|s| s.task.clone()),
            None => None,
        };
        match wanted {
            None => self.ui.side = None,
            Some(key) => {
                if self.ui.side.as_ref().is_none_or(|r| r.key != key) {
                    self.ui.side = Some(Reader::new(key, &self.settings));
                }
                if let (Some(side), Some(pane)) = (&mut self.ui.side, areas.side) {
                    side.refresh(&self.session, &self.catalogue, &self.ui.traces, &self.ui.outputs, now);
                    let pane = layout::below_head(pane);
                    side.page.follow(
                        usize::from(pane.width),
                        usize::from(pane.height),
                        self.settings.charset,
                    );
                }
            }
        }
    }
}
