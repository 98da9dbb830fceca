//! `types SERVICE --kernel`: asks the kernel that runs now, by a cell that takes the service's slot.

use std::time::Duration;

use super::{
    super::{
        End, FAILED, NOT_SENT, UNKNOWN,
        args::{LookArgs, TypesArgs},
        lab::Lab,
        out,
        talk::{Step, Talk},
    },
    runs_cells,
};
use crate::{
    app::session::Way,
    catalogue::{Catalogue, script},
    store::{Reason, State},
    wire::{Text, link::Line},
};

/// How long a connection is tried for.
const PATIENCE: Duration = Duration::from_secs(15);
/// When it is told that the question waits.
const SILENCE: Duration = Duration::from_secs(3);

/// Asks, and adds the answer to the catalogue.
///
/// # Errors
/// It was not asked, or the answer is none.
pub(super) fn ask(
    lab: &Lab,
    look: &LookArgs,
    args: &TypesArgs,
    catalogue: &mut Catalogue,
) -> Result<(), End> {
    let [service] = &args.names[..] else {
        return Err(End::misuse("--kernel asks one service: name it"));
    };
    if look.read_only || lab.config().read_only || lab.is_config_unreadable() {
        return Err(End::new(NOT_SENT, "not asked: read-only is set, and the question is a task"));
    }
    let service = Text::from(service.as_str());
    let alone = lab.alone.iter().any(|(name, _)| *name == service);
    if !alone && let Some(why) = lab.watch_only() {
        return Err(End::new(NOT_SENT, format!("not asked: {why}")));
    }
    let known = lab
        .found
        .as_ref()
        .is_some_and(|found| found.services.iter().any(|s| *s.name == *service && !s.is_ipython()));
    if known && !runs_cells(catalogue, &service) {
        out::say(&format!(
            "note: {service} is no IPython service by its entrypoint; it is asked all the same"
        ));
    }
    out::say(&format!(
        "asking {service}'s kernel: a cell that takes the slot and waits behind what runs there (Ctrl-C gives up)"
    ));
    let mut options = lab.options(&lab.memory());
    options.alone.retain(|(name, _)| *name == service);
    let mut talk = Talk::start(lab, options, false)?;
    let line = if alone { Line::Service(service.clone()) } else { Line::Router };
    talk.reach(&line, PATIENCE).map_err(|why| End::new(NOT_SENT, format!("not asked: {why}")))?;
    let id = talk.session.new_id();
    let way = if alone { Way::Alone } else { Way::Direct };
    let now = talk.now();
    let frames = talk.session.submit(script::question(id.clone(), &service), &way, now);
    talk.send(frames.map_err(|why| End::new(NOT_SENT, why))?);
    let (count, took) = answer(&mut talk, &id, &service, catalogue)?;
    let types = if count == 1 { "type" } else { "types" };
    out::say(&format!("{service}'s kernel named {count} {types}, in {} ms", took.as_millis()));
    Ok(())
}

/// Waits for the answer; how many types it names, and how long it took.
fn answer(
    talk: &mut Talk,
    id: &Text,
    service: &Text,
    catalogue: &mut Catalogue,
) -> Result<(usize, Duration), End> {
    let asked = talk.now();
    let mut told = false;
    loop {
        let task = talk.session.store.find(id);
        match task.map(|task| (task, task.state)) {
            None => return Err(End::new(UNKNOWN, "the question's row was let go")),
            Some((task, State::Ended)) => {
                if let Some(error) = task.failure() {
                    let name = error.ename.as_deref().unwrap_or("error");
                    let message = error.evalue.as_deref().unwrap_or_default();
                    let hint = match message.contains("Unknown task type") {
                        true => ": it is no IPython service, so import its package instead, with --python",
                        false => "",
                    };
                    return Err(End::new(
                        FAILED,
                        format!("{service} refused the question: {name}: {message}{hint}"),
                    ));
                }
                if let Some(Reason::NotSent(why)) = &task.reason {
                    return Err(End::new(NOT_SENT, format!("not asked: {why}")));
                }
                let now = talk.now();
                let raw = task.reply.as_ref().and_then(|reply| reply.result(true));
                let raw = raw.ok_or_else(|| End::new(FAILED, "the answer was not seen"))?;
                let count = catalogue.add_kernel(service, raw, now.utc);
                let count = count
                    .map_err(|why| End::new(FAILED, format!("the kernel's answer cannot be used: {why}")))?;
                return Ok((count, now.since(asked)));
            }
            Some((_, State::Unknown)) => {
                return Err(End::new(UNKNOWN, "the link was lost before the answer: it comes to nobody now"));
            }
            Some(_) => {}
        }
        let until = asked.mono + SILENCE;
        if !told && talk.now().mono >= until {
            out::say("it has not answered yet: something runs there, or others wait before us");
            told = true;
        }
        if let Step::Stop(_) = talk.step((!told).then_some(until)) {
            return Err(End::new(UNKNOWN, "interrupted: if the question still waits it is dropped"));
        }
    }
}
