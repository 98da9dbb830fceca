//! Learning task types while the program runs: reading the catalogue files again, and asking a service's kernel, after
//! a question that tells what that means for others.

use crate::{
    app::{
        App, Asking, Effect, Layer, Severity,
        choose::Stage,
        confirm::{Confirm, Deed},
        msg::TypesFile,
    },
    catalogue::ServiceKind,
    clean::exact,
    time::Now,
    wire::Text,
};

use super::{
    compose::{compose as open_on, learn, type_items, way_for},
    kernel,
};

/// The key that refreshes: reads the catalogue files again, and offers to ask the kernel of the service at hand.
pub(super) fn refresh(app: &mut App, now: Now) -> Vec<Effect> {
    let service = match app.ui.layers.last() {
        Some(Layer::Choose(choose)) => match &choose.stage {
            Stage::Type { service } => Some(service.clone()),
            _ => None,
        },
        Some(Layer::Compose(compose)) => Some(compose.service.clone()),
        _ => return Vec::new(),
    };
    if let Some(service) = service {
        learn(app, &service);
        if runs_cells(app, &service) {
            offer(app, service, now);
        }
    }
    vec![Effect::ReadTypes]
}

fn runs_cells(app: &App, service: &str) -> bool {
    matches!(app.catalogue.kind(service), ServiceKind::IPython | ServiceKind::Fridge)
}

/// Asks whether the kernel is to be asked.
fn offer(app: &mut App, service: Text, now: Now) {
    if let Some((severity, why)) = kernel::why_not(app, &service, &Asking::Types) {
        app.tell(severity, why, now);
        return;
    }
    let lines = kernel::consequences(app, &service);
    app.ask(Confirm::new(
        format!("Ask {}'s kernel for its task types?", exact(&service)),
        lines,
        ("ask it", "leave it"),
        Deed::AskKernel(service),
        now,
    ));
}

/// The kernel has answered.
pub(super) fn answered(app: &mut App, service: &Text, raw: &str, now: Now) -> Result<Vec<Effect>, String> {
    let count = app.catalogue.add_kernel(service, raw, now.utc)?;
    changed(app, service, now);
    let types = if count == 1 { "type" } else { "types" };
    app.tell(Severity::Info, format!("{}'s kernel named {count} task {types}", exact(service)), now);
    Ok(vec![Effect::KeepTypes(Box::new(app.catalogue.kept()))])
}

/// The catalogue files were read again.
pub(super) fn files_read(app: &mut App, files: &[TypesFile], problems: &[String], now: Now) {
    // Only files of the configuration folder can come again; the demonstration's stays.
    for path in app.catalogue.files() {
        if path.starts_with('/') {
            app.catalogue.forget_file(&path);
        }
    }
    let mut wrong: Vec<String> = problems.to_vec();
    for file in files {
        let told = app.catalogue.add_dated_file(&file.path, &file.text, file.at);
        wrong.extend(told.iter().map(|p| format!("{}:{}: {}", file.path, p.line, p.what)));
    }
    let services: Vec<Text> = app
        .ui
        .layers
        .iter()
        .filter_map(|layer| match layer {
            Layer::Choose(choose) => match &choose.stage {
                Stage::Type { service } => Some(service.clone()),
                _ => None,
            },
            Layer::Compose(compose) => Some(compose.service.clone()),
            _ => None,
        })
        .collect();
    for service in services {
        changed(app, &service, now);
    }
    match wrong.first() {
        Some(first) => {
            let more = wrong.len() - 1;
            let others =
                if more > 0 { format!(" (and {more} more: `juicetop types` tells)") } else { String::new() };
            app.tell(Severity::Warning, format!("{first}{others}"), now);
        }
        None => {
            let text = match files.len() {
                0 => {
                    "there are no catalogue files: `juicetop types --help` tells how they are made".to_owned()
                }
                1 => "the catalogue file was read again".to_owned(),
                n => format!("{n} catalogue files were read again"),
            };
            app.tell(Severity::Info, text, now);
        }
    }
}

/// What is known of a service's types has changed: the list and the composer that are open on it show it.
fn changed(app: &mut App, service: &Text, now: Now) {
    app.ui.revision += 1;
    let items = type_items(app, service, now);
    for layer in &mut app.ui.layers {
        if let Layer::Choose(choose) = layer
            && choose.stage == (Stage::Type { service: service.clone() })
        {
            choose.renew(items.clone());
            app.ui.mouse.outdate();
        }
    }
    renew_composer(app, service, now);
}

/// A composer that is open on a type of which more is known now is opened anew, with what was typed.
fn renew_composer(app: &mut App, service: &Text, now: Now) {
    // What comes back from an editor is for the form that it was opened from.
    if app.ui.outside {
        return;
    }
    let is_it = |layer: &Layer| matches!(layer, Layer::Compose(compose) if compose.service == *service);
    let Some(at) = app.ui.layers.iter().position(is_it) else { return };
    let Some(Layer::Compose(compose)) = app.ui.layers.get(at) else { return };
    let class = compose.task_type.class.clone();
    let Some(known) = app.catalogue.find(service, &class) else { return };
    if known.schema == compose.task_type.schema && known.module == compose.task_type.module {
        let source = known.source.clone();
        if let Some(Layer::Compose(compose)) = app.ui.layers.get_mut(at) {
            compose.task_type.source = source;
        }
        return;
    }
    // What stands above it comes back on top, except what is about a field: the new form may not have it.
    let mut above = app.ui.layers.split_off(at + 1);
    above.retain(|layer| !matches!(layer, Layer::Pick(_) | Layer::Rename(..)));
    let Some(Layer::Compose(old)) = app.ui.layers.pop() else { return };
    let place = old.place();
    let chose = old.way != way_for(app, service, &old.task_type).0;
    let kept = app.ui.drafts.remove(&place);
    // What nobody has touched starts as the type now starts.
    if old.is_edited() || old.filled {
        app.ui.drafts.insert(place.clone(), old.draft());
    }
    open_on(app, service.clone(), &class, None, now);
    match kept {
        Some(draft) => app.ui.drafts.insert(place, draft),
        None => app.ui.drafts.remove(&place),
    };
    if let Some(Layer::Compose(new)) = app.ui.layers.last_mut() {
        new.id = old.id;
        new.replaces = old.replaces;
        new.again_of = old.again_of;
        if old.parallel != old.task_type.parallel {
            new.parallel = old.parallel;
        }
        if chose {
            new.open_with(old.way);
            new.way_reason = old.way_reason;
        }
        if old.filled {
            (new.filled, new.start) = (true, old.start);
        }
    }
    app.ui.layers.extend(above);
}
