//! Looking at services and dealing with them, in threads of their own: everything there blocks.
//!
//! What comes of it comes as messages. It refuses to wait for anybody: the person may leave before it is done.

use std::{io, thread};

use tokio::sync::mpsc::UnboundedSender;

use crate::{
    app::{Msg, services::Told},
    fault,
    net::control::Controls,
    wire::{Text, control::Deed},
};

/// Asks the processes of all services, all at the same time: one that is not reached takes its time.
///
/// # Errors
/// No thread can be made.
pub(super) fn look(controls: Controls, told: UnboundedSender<Msg>) -> io::Result<()> {
    thread::Builder::new().name("control".to_owned()).spawn(move || {
        fault::here("control");
        thread::scope(|scope| {
            for control in &controls.services {
                let (controls, told) = (&controls, told.clone());
                scope.spawn(move || {
                    let name = control.service.as_str();
                    let can = |deed: &Deed| Some((*deed, controls.barred(name, *deed)?));
                    let barred = Deed::ALL.iter().filter_map(can).collect();
                    let looked = Told::Looked(name.into(), control.supervisor.process(), barred);
                    let _ = told.send(Msg::Services(looked));
                });
            }
        });
        let _ = told.send(Msg::Services(Told::AllLooked));
    })?;
    Ok(())
}

/// Does that to a service.
///
/// # Errors
/// No thread can be made.
pub(super) fn control(
    controls: Controls,
    service: Text,
    deed: Deed,
    told: UnboundedSender<Msg>,
) -> io::Result<()> {
    thread::Builder::new().name("control".to_owned()).spawn(move || {
        fault::here("control");
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
    })?;
    Ok(())
}
