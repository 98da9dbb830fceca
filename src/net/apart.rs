//! A connection for one task: opened when the task is sent, closed once it is answered.
//!
//! Juice drops what waits for a slot once the connection that it came by has closed, and cannot be asked to drop it in any
//! other way. So a task that may have to be withdrawn has a connection that nothing else needs.
//!
//! Each is opened once the router has answered a ping behind the frame before it for the same slot: two tasks for one slot come
//! in the order in which they were handed over, although by two connections. What has not gone out when the router's own connection
//! is lost never does. It refuses to open a connection twice: a task whose connection is lost is lost with it.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};

use super::{
    Event,
    dial::{Limits, dial},
    line::{Goal, Handle, Keeper, Look, Outgoing, Shared},
    talk::{self, Ended},
};
use crate::wire::{
    Text, json,
    link::{Line, LinkState},
};

/// Why a frame did not go out that was withdrawn before its turn.
const WITHDRAWN: &str = "It was withdrawn before it went out";

/// All connections of this kind.
pub(super) struct Apart {
    shared: Rc<Shared>,
    /// The router's `/tasks`.
    goal: Goal,
    /// The connection that is always there.
    router: Rc<Handle>,
    open: RefCell<HashMap<Text, Rc<Handle>>>,
    /// Told when the router has read the frame that was handed over last, by its target.
    last: RefCell<HashMap<String, oneshot::Receiver<()>>>,
    running: RefCell<JoinSet<()>>,
}

impl Apart {
    pub(super) fn new(shared: Rc<Shared>, goal: Goal, router: Rc<Handle>) -> Rc<Apart> {
        Rc::new(Apart {
            shared,
            goal,
            router,
            open: RefCell::default(),
            last: RefCell::default(),
            running: RefCell::default(),
        })
    }

    /// Opens a connection for this frame, and sends it there in its turn.
    pub(super) fn send(self: &Rc<Self>, frame: Outgoing) {
        let handle = Rc::new(Handle::new());
        self.open.borrow_mut().insert(frame.id.clone(), Rc::clone(&handle));
        let (read, told) = oneshot::channel();
        let target = json::get(&frame.text, "target").unwrap_or_default().to_owned();
        let mut before = self.last.borrow_mut().insert(target, told);
        handle.receipt.replace(Some(read));
        let keeper = Keeper::new(
            Line::Task(frame.id.clone()),
            self.goal.clone(),
            Rc::clone(&self.shared),
            Rc::clone(&handle),
        );
        // From here on: whoever is told that the router is gone is not to find out later that this went out all the same.
        let lost = self.router.losses.subscribe();
        let apart = Rc::clone(self);
        let mut running = self.running.borrow_mut();
        // Those that have ended.
        while running.try_join_next().is_some() {}
        running.spawn_local(async move {
            let id = frame.id.clone();
            if let Err(why) = carry(&keeper, frame, &mut before, lost).await {
                apart.shared.feed.sure(Event::Unsent { id: id.clone(), why });
            }
            apart.open.borrow_mut().remove(&id);
            handle.seen();
            // The next one has its turn, whatever became of this, but not before the one that this waited for.
            if let Some(before) = before {
                let _ = before.await;
            }
            handle.receipt.take();
        });
    }

    /// Closes the connection of this task. One that has none any more is passed over: what became of it was told.
    pub(super) fn withdraw(&self, id: &Text) {
        if let Some(handle) = self.open.borrow().get(id) {
            handle.withdraw();
        }
    }

    /// Looks at all that are up.
    pub(super) fn look(&self, look: &Look) {
        self.open.borrow().values().for_each(|handle| handle.look(look));
    }

    /// Waits until all have ended.
    pub(super) async fn ended(&self) {
        let mut running = self.running.take();
        while running.join_next().await.is_some() {}
    }
}

/// One connection from its opening to its end, which is told. `Err` where the frame did not go out: why.
async fn carry(
    keeper: &Keeper,
    frame: Outgoing,
    before: &mut Option<oneshot::Receiver<()>>,
    mut lost: watch::Receiver<()>,
) -> Result<(), String> {
    let (shared, handle, id) = (&keeper.shared, &keeper.handle, frame.id.clone());
    let target = keeper.goal.target().map_err(|problem| problem.what)?;
    let url = target.url();
    let limits = Limits::of(&shared.options, shared.options.max_reply());
    let opening = async {
        if let Some(read) = before.as_mut() {
            let _ = read.await;
            *before = None;
        }
        // Not sooner: nobody would read it meanwhile, and Juice hangs up on who answers no pings. Who is there was asked on
        // the connection to the router that is up.
        let open = dial(&target, &limits, shared.clock).await;
        open.map_err(|refusal| keeper.goal.refused(&url, refusal).what)
    };
    let mut stop = shared.stop.clone();
    let (socket, pulse) = tokio::select! {
        open = opening => open?,
        () = handle.asked_to_withdraw() => return Err(WITHDRAWN.to_owned()),
        _ = lost.changed() => return Err("The connection to the router was lost before it went out".to_owned()),
        _ = stop.wait_for(|&stop| stop) => return Err("The program ended before it went out".to_owned()),
    };
    let (out, queue) = mpsc::unbounded_channel();
    let _ = out.send(frame);
    let mut left = Vec::new();
    handle.up.set(true);
    let ended = talk::talk(keeper, &url, socket, &pulse, queue, &mut left).await;
    handle.up.set(false);
    drop(out);
    let unsent = !left.is_empty();
    match ended {
        Ended::Withdrawn { .. } if unsent => Err(WITHDRAWN.to_owned()),
        _ if unsent => Err("The connection was lost before it went out".to_owned()),
        Ended::Withdrawn { problem: None } => {
            shared.feed.sure(Event::Withdrawn { id });
            Ok(())
        }
        Ended::Down(problem) | Ended::Withdrawn { problem: Some(problem) } => {
            shared.feed.link(&keeper.line, LinkState::Stopped { problem });
            Ok(())
        }
        Ended::Answered | Ended::Stopped => Ok(()),
    }
}
