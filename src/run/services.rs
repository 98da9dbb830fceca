//! Looking at services and dealing with them, in threads of their own: everything there blocks.
//!
//! What comes of it comes as messages. It refuses to wait for anybody: the person may leave before it is done.

use std::thread;

use tokio::sync::mpsc::UnboundedSender;

use super::beside::beside;
use crate::{
    app::{Msg, services::Told},
    net::control::{Control, Controls},
    wire::{
        Text,
        control::{Deed, Failure, Process},
    },
};

/// Asks the processes of all services, all at the same time: one that is not reached takes its time.
pub(super) fn look(controls: Controls, told: UnboundedSender<Msg>) {
    let (unseen, unanswered) = (controls.clone(), told.clone());
    let made = beside("control", move || {
        thread::scope(|scope| {
            let (controls, told) = (&controls, &told);
            for control in &controls.services {
                let look = move || {
                    let process = control.supervisor.process();
                    let _ = told.send(looked(controls, control, process));
                };
                if thread::Builder::new().spawn_scoped(scope, look).is_err() {
                    // Then one after another.
                    look();
                }
            }
        });
        let _ = told.send(Msg::Services(Told::AllLooked));
    });
    if let Err(why) = made {
        for control in &unseen.services {
            let failure = Failure::of(format!("not asked: {why}"), "");
            let _ = unanswered.send(looked(&unseen, control, Err(failure)));
        }
        let _ = unanswered.send(Msg::Services(Told::AllLooked));
    }
}

/// How a service's process is, and what cannot be done to it from here.
fn looked(controls: &Controls, control: &Control, process: Result<Process, Failure>) -> Msg {
    let name = control.service.as_str();
    let can = |deed: &Deed| Some((*deed, controls.barred(name, *deed)?));
    Msg::Services(Told::Looked(name.into(), process, Deed::ALL.iter().filter_map(can).collect()))
}

/// Does that to a service.
pub(super) fn control(controls: Controls, service: Text, deed: Deed, told: UnboundedSender<Msg>) {
    let (of, unanswered) = (service.clone(), told.clone());
    let made = beside("control", move || {
        // Who presses a key on the screen stays there: what is asked for is done.
        let goes_out = || told.send(Msg::Services(Told::Signal(service.clone()))).is_ok();
        let mut stage = |text: &str| {
            let _ = told.send(Msg::Services(Told::Stage(service.clone(), text.to_owned())));
        };
        let done = match deed {
            Deed::Interrupt => controls.interrupt(&service, goes_out).map(|()| None),
            Deed::RestartProcess => controls.restart_process(&service, &mut stage),
            Deed::RestartContainer => controls.restart_container(&service, &mut stage),
            Deed::Rebuild => controls.rebuild(&service).map(|()| None),
        };
        let _ = told.send(Msg::Services(Told::Done(service.clone(), deed, done)));
    });
    if let Err(why) = made {
        let failure = Failure::of(format!("nothing was done: {why}"), "");
        let _ = unanswered.send(Msg::Services(Told::Done(of, deed, Err(failure))));
    }
}
