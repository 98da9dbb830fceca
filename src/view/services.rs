//! The services: a row each, and below what is known of the selected one and of what is done to it.

use ratatui::layout::Rect;

use crate::{
    app::{
        App,
        layout::Shape,
        services::{About, Came, Services, Step},
        update::services_height,
    },
    clean::{Clean, exact},
    store::{Service, Trouble},
    theme::Role,
    time::Now,
    wire::{
        control::{Deed, Failure, Process},
        event::KernelState,
    },
};

use super::{Look, Piece, Row, lanes::service_state, spaces, word, words};

/// Columns of a service's name, its process and how long that has run.
const NAME: [usize; 2] = [16, 12];
const PROCESS: usize = 12;
const UP: usize = 9;
/// From so many columns on the slot is told in more words.
const ROOM: u16 = 110;

/// The rows of the body.
pub(super) fn rows(app: &App, services: &Services, area: Rect, look: Look, now: Now) -> Vec<Row> {
    let narrow = app.areas().shape == Shape::Narrow;
    let mut rows = vec![head(app, services, look, narrow, now), Row::rule(area.width, look)];
    if services.names.is_empty() {
        rows.push(Row::default());
        rows.push(Row::of(vec![spaces(2), word("No service is known yet.", Role::Text)]));
        return rows;
    }
    let height = services_height(area.height, services.names.len());
    let first = services.first(height);
    for (at, name) in services.names.iter().enumerate().skip(first).take(height) {
        let mut row = app
            .store()
            .service(name)
            .map(|s| line(app, s, area.width, look, narrow, now))
            .unwrap_or_default();
        row.selected = services.selected.as_ref() == Some(name);
        rows.push(row.listed(at));
    }
    if let Some(service) = services.selected.as_ref().and_then(|name| app.store().service(name)) {
        rows.push(Row::rule(area.width, look));
        let columns = usize::from(area.width).saturating_sub(3).max(1);
        for (text, role) in about(app, service, now) {
            if rows.len() >= usize::from(area.height) {
                break;
            }
            let lines = Clean::line(&text, look.charset()).wrap(columns);
            for (at, text) in lines.into_iter().enumerate() {
                rows.push(Row::of(vec![spaces(if at == 0 { 1 } else { 3 }), Piece { text, role }]));
            }
        }
    }
    rows
}

fn head(app: &App, services: &Services, look: Look, narrow: bool, now: Now) -> Row {
    let mut row = Row::of(vec![spaces(1), word("Services", Role::Title)]);
    let place = services.at().map_or(0, |at| at + 1);
    row.left.push(look.piece(&format!("  {place} of {}", services.names.len()), Role::Dim));
    let care = &app.ui.services;
    let oldest = care.looked.values().map(|looked| looked.at.mono).min();
    let text = match (&care.about, oldest) {
        (Err(_), _) => "processes are not asked".to_owned(),
        _ if narrow => String::new(),
        (Ok(_), _) if care.is_asking() => "processes are being asked".to_owned(),
        (Ok(_), Some(at)) => {
            let ago = now.mono.saturating_sub(at).as_secs();
            format!("processes as of {ago} s ago")
        }
        (Ok(_), None) => String::new(),
    };
    row.right = vec![look.piece(&text, Role::Dim), spaces(1)];
    row
}

fn line(app: &App, service: &Service, width: u16, look: Look, narrow: bool, now: Now) -> Row {
    let charset = look.charset();
    let fit = |piece: Piece, width: usize| Piece { text: piece.text.fit(width, charset), role: piece.role };
    let care = &app.ui.services;
    let going = care.going.get(&service.name).or_else(|| care.trying.get(&service.name));
    let (state, role, up) = match (going, care.looked.get(&service.name)) {
        (Some(going), _) => (short(going.deed).to_owned(), Role::Connecting, Some(now.since(going.since))),
        (None, Some(looked)) => match &looked.process {
            Ok(process) => (
                process.state.to_lowercase(),
                role_of(process),
                process.uptime.map(|up| up + now.since(looked.at)),
            ),
            Err(_) => ("not reached".to_owned(), Role::Dim, None),
        },
        (None, None) if care.is_asking() && care.about(&service.name).is_some() => {
            ("asked".to_owned(), Role::Dim, None)
        }
        (None, None) => (String::new(), Role::Dim, None),
    };
    let left = vec![
        spaces(1),
        fit(look.name(&service.name, Role::Service), NAME[usize::from(narrow)]),
        spaces(1),
        fit(look.piece(&state, role), PROCESS),
        look.piece(&format!("{:>UP$}", up.map(words::duration).unwrap_or_default()), Role::Dim),
        spaces(2),
    ];
    let mut right = Vec::new();
    if !narrow {
        let lanes = app.store().lanes(&service.name, app.ui.hidden, now);
        right = service_state(service, &lanes, None, look, width < ROOM);
        right.push(spaces(1));
    }
    Row { left, right, ..Row::default() }
}

fn short(deed: Deed) -> &'static str {
    match deed {
        Deed::Interrupt => "interrupting",
        Deed::RestartProcess | Deed::RestartContainer => "restarting",
        Deed::Rebuild => "rebuilding",
    }
}

fn role_of(process: &Process) -> Role {
    match process.state.as_str() {
        "RUNNING" => Role::Ok,
        "STARTING" | "STOPPING" => Role::Connecting,
        _ => Role::Error,
    }
}

/// What is told of the selected one, a paragraph each.
fn about(app: &App, service: &Service, now: Now) -> Vec<(String, Role)> {
    let care = &app.ui.services;
    let mut out = Vec::new();
    for going in [&care.going, &care.trying].into_iter().filter_map(|of| of.get(&service.name)) {
        let since = words::duration(now.since(going.since));
        let more = if matches!(going.step, Step::Tried(_)) { " (rebuild again shows it)" } else { "" };
        out.push((format!("{}, since {since}: {}{more}", going.deed.name(), going.stage), Role::Connecting));
    }
    if let Some(came) = care.came.get(&service.name) {
        out.push(last(came));
    }
    if let Some(looked) = care.looked.get(&service.name) {
        out.push(match &looked.process {
            Ok(process) => (process_line(process, now), Role::Text),
            Err(failure) => (failure.sentence(), Role::Warning),
        });
    }
    let (reached, role) = reached(service);
    let life = life(service, now);
    match role {
        Role::Error => out.extend([(reached, role), (life, Role::Text)]),
        _ => out.push((format!("{life}, {reached}"), Role::Text)),
    }
    out.extend(barred(app, service).into_iter().map(|text| (text, Role::Dim)));
    let known = care.about(&service.name);
    out.push((kind(service, known), Role::Dim));
    if let Some(About { url, supervisor, .. }) = known {
        out.push((format!("at {}, its supervisord at {}", exact(url), exact(supervisor)), Role::Dim));
    }
    if let Some(came) = care.came.get(&service.name) {
        out.extend(came.log.iter().map(|line| (line.clone(), Role::Dim)));
    }
    out
}

fn last(came: &Came) -> (String, Role) {
    let at = words::clock(came.at.utc);
    match &came.result {
        Ok(text) => (format!("{at}  {}: {text}", came.deed.name()), Role::Ok),
        Err(text) => (format!("{at}  {}: {text}", came.deed.name()), Role::Error),
    }
}

fn kind(service: &Service, known: Option<&About>) -> String {
    let kind = match service.is_ipython() {
        Some(true) => "an IPython service",
        Some(false) => "a plain service",
        None => "a service",
    };
    let by = known.map(|about| format!(", {}", exact(&about.entrypoint))).unwrap_or_default();
    let version = known.and_then(|about| about.version.as_ref());
    let version = version.map(|version| format!(", Juice {version}")).unwrap_or_default();
    format!("{kind}{by}{version}")
}

fn process_line(process: &Process, now: Now) -> String {
    let mut text = format!("its process is {}", process.state.to_lowercase());
    if let Some(began) = process.began.filter(|_| process.uptime.is_some()) {
        let since = if process.runs() { " since" } else { ", begun" };
        text.push_str(&format!("{since} {}", words::moment(began, now)));
    }
    if let Some(pid) = process.pid {
        text.push_str(&format!(", pid {pid}"));
    }
    if !process.trouble.is_empty() {
        text.push_str(&format!(": {}", process.trouble));
    }
    text
}

/// Whether the task manager reaches it, as far as was seen. It is not tried from here: Juice writes an error into its log
/// for each connection that says nothing.
fn reached(service: &Service) -> (String, Role) {
    let not = |since: Now, why: &str| {
        (format!("not reached by the task manager since {}{why}", words::clock(since.utc)), Role::Error)
    };
    match (&service.kernel, service.trouble) {
        (Some((KernelState::Connecting, since)), _) => not(*since, ""),
        (_, Some(Trouble::NotTaken(since))) => not(since, ": it took no task"),
        (_, Some(Trouble::LostTask(at))) => not(at, ": its connection was lost under a task"),
        (Some((KernelState::Busy | KernelState::Idle, _)), None) if !service.no_word => {
            ("reached by the task manager".to_owned(), Role::Text)
        }
        _ if service.alone => ("reached on its own port alone".to_owned(), Role::Text),
        _ => ("not known whether the task manager reaches it".to_owned(), Role::Text),
    }
}

/// What the bus tells of it.
fn life(service: &Service, now: Now) -> String {
    let mut text = match service.heard {
        Some(at) => format!("last sign of life {}", words::ago(now.since(at))),
        None => "nothing was heard of it yet".to_owned(),
    };
    if let Some((state, since)) = &service.kernel {
        let state = match state {
            KernelState::Busy => "busy",
            KernelState::Idle => "idle",
            KernelState::Connecting => "not reached",
            KernelState::Restarting => "restarting",
            KernelState::Unknown(word) => word,
        };
        text.push_str(&format!(", kernel {state} since {}", words::clock(since.utc)));
    }
    text
}

/// What cannot be done, and why; the same reason once.
fn barred(app: &App, service: &Service) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for deed in Deed::ALL {
        let why = app.settings.watch_only.clone().or_else(|| app.ui.services.barred(&service.name, deed));
        let Some(why) = why else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, deeds)) => deeds.push(deed.name()),
            None => reasons.push((why, vec![deed.name()])),
        }
    }
    let process = app.ui.services.looked.get(&service.name).and_then(|looked| looked.process.as_ref().err());
    let told = process.map(Failure::sentence);
    let line = |(why, deeds): (String, Vec<&str>)| match Some(&why) == told.as_ref() {
        true => format!("not from here: {}", deeds.join(", ")),
        false => format!("not from here: {}: {why}", deeds.join(", ")),
    };
    reasons.into_iter().map(line).collect()
}
