//! The command palette: what stands in it, and what Enter does.

use crate::{
    app::{
        App, Effect, Layer, Severity,
        action::{ACTIONS, Action, Context, Entry},
        called,
        lanes::Selected,
        palette::{Does, Item, Palette, used},
        replay,
        services::DEEDS,
    },
    clean::exact,
    time::Now,
    wire::Text,
};

use super::{act, compose, deeds, groups, lanes, schedule, set_filter};

pub(super) fn open(app: &mut App) {
    let mut items = actions(app);
    items.extend(others(app));
    items.extend(elsewhere(app));
    let at_hand = app.current_task().and_then(|key| app.store().task(key));
    let at_hand = at_hand.map(|task| called(&task.name).into_owned());
    app.ui.layers.push(Layer::Palette(Box::new(Palette::new(items, &app.ui.recent, at_hand))));
}

/// What a key would do here.
fn actions(app: &App) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let places: Vec<Context> = app.places().collect();
    for entry in ACTIONS.iter().filter(|entry| entry.contexts.iter().any(|place| places.contains(place))) {
        if is_trivial(entry.action) || items.iter().any(|item| item.about == entry.sentence) {
            continue;
        }
        items.push(Item {
            does: Does::Action(entry.action),
            name: entry.name.to_owned(),
            about: entry.sentence.to_owned(),
            remark: app.key(entry.action).unwrap_or_default(),
            barred: barred(app, entry.action),
        });
    }
    items
}

/// What can be done in other places, last and barred: whoever looks for it learns where.
fn elsewhere(app: &App) -> Vec<Item> {
    let here: Vec<Context> = app.places().collect();
    let of_lines = [Context::Choose, Context::Input, Context::Help, Context::Confirm, Context::Text];
    let other = |entry: &&Entry| {
        let mut places = entry.contexts.iter();
        !is_trivial(entry.action)
            && !places.clone().any(|place| here.contains(place))
            && places.any(|place| !of_lines.contains(place))
    };
    let item = |entry: &Entry| {
        let places: Vec<&str> = entry.contexts.iter().map(|place| place.title()).collect();
        Item {
            does: Does::Action(entry.action),
            name: entry.name.to_owned(),
            about: entry.sentence.to_owned(),
            remark: entry
                .contexts
                .first()
                .and_then(|place| app.settings.keymap.first(*place, entry.action))
                .unwrap_or_default(),
            barred: Some(format!("not here, but in: {}", places.join(", "))),
        }
    };
    ACTIONS.iter().filter(other).map(item).collect()
}

/// What only moves the cursor is not looked for by its name.
fn is_trivial(action: Action) -> bool {
    action.moves() || matches!(action, Action::Left | Action::Right | Action::Palette)
}

/// Services, labs, saved filters, and, for they are many, after these task types.
fn others(app: &mut App) -> Vec<Item> {
    let services: Vec<Text> = app.store().services().map(|service| service.name.clone()).collect();
    let item = |does, name: &str, about: &str, remark: &str| Item {
        does,
        name: exact(name).into_owned(),
        about: about.to_owned(),
        remark: remark.to_owned(),
        barred: None,
    };
    let mut items: Vec<Item> =
        services.iter().map(|name| item(Does::GoTo(name.clone()), name, "", "service")).collect();
    if let Some(labs) = &app.ui.labs {
        for (at, lab) in labs.all.iter().enumerate().filter(|(at, _)| *at != labs.here) {
            let by = at as isize - labs.here as isize;
            items.push(item(Does::Lab(lab.name.clone(), by), &lab.name, "", "lab"));
        }
    }
    for (name, text) in app.ui.choices.filters.iter() {
        items.push(item(Does::Filter(name.to_owned()), &format!("@{name}"), text, "filter"));
    }
    super::learn_all(app);
    let why = compose::barred(app);
    for service in services {
        for class in app.catalogue.types_for(&service) {
            let about = class.doc.as_deref().and_then(|doc| doc.lines().next()).unwrap_or("");
            let remark = format!("submit to {}", exact(&service));
            let does = Does::Compose(service.clone(), class.class.clone());
            items.push(Item { barred: why.clone(), ..item(does, &class.class, about, &remark) });
        }
    }
    items
}

/// Why this cannot be done here and now, as far as that is known before it is tried.
fn barred(app: &App, action: Action) -> Option<String> {
    use Action::{
        Again, Cancel, Copy, CopyAs, CopyId, Edit, MoveDown, MoveUp, PutAway, Save, SendDirect, Sending,
        Submit, View,
    };
    if app.is_replay() && replay::is_deed(action) {
        return Some(replay::why_not(action).to_owned());
    }
    let deed = DEEDS.iter().find(|(does, _)| *does == action).map(|(_, deed)| *deed);
    let sends = matches!(action, Submit | Again | Cancel | SendDirect | Sending | Edit | MoveUp | MoveDown);
    if let Some(why) = compose::barred(app).filter(|_| sends || deed.is_some()) {
        return Some(why);
    }
    if let Some(deed) = deed {
        let Some(Layer::Services(services)) = app.ui.layers.last() else { return None };
        let Some(service) = &services.selected else { return Some("no service is selected".to_owned()) };
        return app.ui.services.barred(service, deed);
    }
    let why = match action {
        Cancel => return deeds::cannot_cancel(app),
        SendDirect => deeds::sendable_direct(app).err(),
        Edit => schedule::editable(app).err(),
        PutAway => lanes::ghost(app).err(),
        Sending => groups::being_sent(app).err(),
        Again | CopyId | CopyAs | View => app.task_at_hand().err(),
        Copy | Save if matches!(app.context(), Context::Lanes | Context::Task | Context::Schedule) => {
            app.task_at_hand().err()
        }
        _ => None,
    };
    why.map(str::to_owned)
}

pub(super) fn in_palette(app: &mut App, action: Action, now: Now) -> Vec<Effect> {
    let Some(Layer::Palette(palette)) = app.ui.layers.last_mut() else { return Vec::new() };
    match action {
        Action::ChooseUp => palette.step(-1),
        Action::ChooseDown | Action::Complete => palette.step(1),
        Action::Accept => return accept(app, now),
        _ => {}
    }
    Vec::new()
}

fn accept(app: &mut App, now: Now) -> Vec<Effect> {
    let Some(Layer::Palette(palette)) = app.ui.layers.last() else { return Vec::new() };
    let Some(item) = palette.chosen().cloned() else {
        app.tell(Severity::Info, "nothing has that in its name", now);
        return Vec::new();
    };
    if let Some(why) = item.barred {
        app.tell(Severity::Info, why, now);
        return Vec::new();
    }
    app.ui.layers.pop();
    if matches!(item.does, Does::Action(action) if action.means_row())
        && let Some(why) = app.unseen().map(str::to_owned)
    {
        app.tell(Severity::Warning, why, now);
        return Vec::new();
    }
    used(&mut app.ui.recent, item.does.clone());
    match item.does {
        Does::Action(action) => return act(app, action, now),
        Does::Lab(_, by) => return vec![Effect::ShowLab(by)],
        Does::GoTo(service) => {
            to_lanes(app);
            app.ui.folding.remove(&service);
            app.ui.selected = Some(Selected::service(service));
        }
        Does::Compose(service, class) => compose::compose(app, service, &class, None, now),
        Does::Filter(name) => {
            if !matches!(app.context(), Context::Schedule | Context::History) {
                to_lanes(app);
            }
            set_filter(app, &format!("@{name}"), now);
        }
    }
    Vec::new()
}

/// Takes away what stands above the lanes. Nothing that is typed can stand there: neither the palette nor the list of notices opens
/// over it.
pub(super) fn to_lanes(app: &mut App) {
    app.ui.layers.clear();
    app.ui.zoom = false;
}
