//! Bad links between the program and a lab: held, half open, reset, slow, in pieces, with messages lost, doubled and
//! swapped, and good-byes of every kind. What the links promise is in `docs/reliability.md`.
//!
//! Where only the connections are asked, their patience is scaled down; the program on a screen has the times that it
//! has in a lab.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use juicetop::{
    demo,
    net::{self, Command, Endpoint, Event, Net, Options},
    time::Clock,
    wire::{
        event::Event as BusEvent,
        frame::ReplyBody,
        link::{Line, LinkState, Problem, ProblemKind},
    },
};
use rustix::process::Signal;
use serde_json::json;
use tokio::{sync::mpsc, time::timeout};

use crate::common::{
    client::{Bus, Event as Heard, Frame, Listener, PATIENCE, Tasks, accept},
    juice::Juice,
    program::{Program, run},
    proxy::{Bytes, Harm, Proxy, Rule, Way},
    pty::Screen,
};

/// The connections alone.
struct Links {
    net: Net,
    events: mpsc::Receiver<Event>,
    /// The lines that are up, by all that was told so far.
    live: HashSet<Line>,
}

impl Links {
    fn start(options: Options) -> Links {
        let (net, events) = net::start(options, Clock::start()).unwrap();
        Links { net, events, live: HashSet::new() }
    }

    /// With intervals so short that no test waits long.
    fn quick(url: &str) -> Links {
        Links::start(quick(url))
    }

    async fn until<T>(&mut self, wanted: &str, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        let search = async {
            loop {
                let event = self.events.recv().await.expect("the connections ended");
                match &event {
                    Event::Link { line, state: LinkState::Live } => _ = self.live.insert(line.clone()),
                    Event::Link { line, .. } => _ = self.live.remove(line),
                    _ => {}
                }
                if let Some(found) = pick(event) {
                    return found;
                }
            }
        };
        // Python takes half a minute over 50 MiB where the machine is busy.
        timeout(4 * PATIENCE, search).await.unwrap_or_else(|_| panic!("never came: {wanted}"))
    }

    /// They may be up already: the one that is back first is told before the other is known to be lost.
    async fn both_live(&mut self) {
        while self.live.len() < 2 {
            self.until("both live", |event| matches!(event, Event::Link { .. }).then_some(())).await;
        }
    }

    /// Why the line went down, next time.
    async fn down(&mut self, of: Line) -> Problem {
        self.until("a loss", |event| match event {
            Event::Link { line, state: LinkState::Waiting { problem, .. } } if line == of => Some(problem),
            _ => None,
        })
        .await
    }

    /// A frame goes out and its answer comes in: the line works.
    async fn works(&mut self) {
        let frame = ping();
        self.send(&frame);
        let mut fate = "neither sent nor refused";
        self.until("an answer", |event| match event {
            Event::Reply { reply, .. } => (reply.id.as_deref() == Some(&*frame.id)).then_some(()),
            Event::Sent { id } if *id == *frame.id => {
                fate = "sent";
                None
            }
            Event::Unsent { id, why } if *id == *frame.id => panic!("{why}"),
            _ => None,
        })
        .await;
        assert_eq!(fate, "sent");
    }

    fn send(&self, frame: &Frame) {
        let (id, text) = (frame.id.as_str().into(), frame.json().to_string());
        self.net.commands.send(Command::Send { line: Line::Router, id, text }).unwrap();
    }
}

fn quick(url: &str) -> Options {
    Options {
        endpoint: Some(Endpoint::Router { url: url.to_owned() }),
        first_backoff: Duration::from_millis(50),
        max_backoff: Duration::from_millis(400),
        ping_every: Duration::from_millis(500),
        silence: Duration::from_secs(6),
        connect_timeout: Duration::from_secs(3),
        ..Options::default()
    }
}

fn ping() -> Frame {
    Frame::new("task-manager", "Ping", json!({})).parallel()
}

/// Does something with the real Juice (if there is one here) and with the demonstration's server.
async fn with_each_lab(test: impl AsyncFn(&str)) {
    if let Some(juice) = Juice::shared() {
        test(&juice.url()).await;
    }
    let quiet =
        demo::Options { scenario: demo::Scenario::Quiet, colleagues: false, ..demo::Options::default() };
    let demo = demo::start(quiet, Clock::start()).unwrap();
    test(&demo.url()).await;
}

#[tokio::test]
async fn links_that_are_held_half_open_ended_or_reset_are_found_lost_and_work_again() {
    with_each_lab(async |url| {
        let proxy = Proxy::to(url);
        let mut links = Links::quick(&proxy.url());
        links.both_live().await;
        for (harm, kind) in [
            ("held", ProblemKind::Silent),
            ("half open", ProblemKind::Silent),
            ("ended", ProblemKind::Closed),
            ("reset", ProblemKind::Closed),
        ] {
            links.works().await;
            match harm {
                "held" => proxy.bytes(Bytes::Held),
                "half open" => proxy.half_open(),
                "ended" => proxy.end(),
                _ => proxy.reset(),
            }
            let mut lost = HashSet::new();
            links
                .until("both losses", |event| {
                    if let Event::Link { line, state: LinkState::Waiting { problem, .. } } = event {
                        // A hole that is still there lets no new connection through either.
                        assert!(problem.kind == kind || !lost.insert(line.clone()), "{harm}: {problem:?}");
                        lost.insert(line);
                    }
                    (lost.len() == 2).then_some(())
                })
                .await;
            proxy.bytes(Bytes::Free);
            links.both_live().await;
        }
        links.works().await;
    })
    .await;
}

#[tokio::test]
async fn a_good_bye_is_told_with_its_code_and_cleaned_reason_and_the_line_comes_back() {
    with_each_lab(async |url| {
        let proxy = Proxy::with_rules(url);
        let mut links = Links::quick(&proxy.url());
        links.both_live().await;
        let codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 4999];
        for (n, code) in codes.into_iter().enumerate() {
            // A ping makes an answer on the one line and events on the other.
            let (path, line) = [("/tasks", Line::Router), ("/remote-sub", Line::Bus)][n % 2].clone();
            let reason = format!("reason {code} \u{1b}]0;x\u{7}\u{202e}é");
            proxy.rule(Rule::new(path, Way::Down, Harm::Close(code, reason), |text| text.contains("pong")));
            let ping = ping();
            links.send(&ping);
            let problem = links.down(line.clone()).await;
            assert_eq!(problem.kind, ProblemKind::Closed, "{problem:?}");
            assert!(problem.what.contains(&format!("({code}")), "{problem:?}");
            assert!(problem.what.ends_with(&format!(r"reason {code} \x1b]0;x\x07\u202eé")), "{problem:?}");
            links
                .until("live", |event| match event {
                    Event::Link { line: l, state: LinkState::Live } => (l == line).then_some(()),
                    _ => None,
                })
                .await;
        }
        assert_eq!(proxy.harmed(), codes.len());
        links.works().await;
    })
    .await;
}

#[tokio::test]
async fn a_refused_upgrade_is_told_and_tried_again_when_that_passes() {
    with_each_lab(async |url| {
        let proxy = Proxy::with_rules(url);
        proxy.refuse("/tasks", Some(503));
        let mut links = Links::quick(&proxy.url());
        let problem = links.down(Line::Router).await;
        assert!(problem.kind == ProblemKind::ServerError && problem.what.contains("503"), "{problem:?}");
        proxy.refuse("/tasks", None);
        links
            .until("live", |event| match event {
                Event::Link { line: Line::Router, state: LinkState::Live } => Some(()),
                _ => None,
            })
            .await;
        links.works().await;
    })
    .await;
}

#[test]
fn bytes_that_come_in_pieces_or_slowly_make_the_same_messages() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let proxy = Proxy::to(&juice.url());
    for bytes in [Bytes::Split, Bytes::SlowDown(400_000), Bytes::SlowUp(50_000)] {
        proxy.bytes(bytes);
        let args = ["submit", &lane, "Big", "size=200000", "--wait", "--direct", "--url", &proxy.url()];
        let ended = run(&args).expect(0);
        assert_eq!(ended.stdout.matches("0.125").count(), 200_000 / 7, "{bytes:?}");
    }
}

/// Tells `watch` of one task after the other while single messages come to harm.
#[tokio::test]
async fn messages_of_the_bus_that_are_lost_doubled_swapped_or_late_leave_the_right_end() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let proxy = Proxy::with_rules(&juice.url());
    let mut watch = Program::start(&["watch", "--json", "--url", &proxy.url()]);
    watch.wait_for_json(|line| line["link"] == "bus" && line["state"] == "live");
    Bus::open(&proxy.url()).await;
    let mut tasks = Tasks::connect(&juice.url()).await;
    let mut harms = 0;
    for (state, harm) in [
        ("created", Harm::Drop),
        ("started", Harm::Drop),
        ("created", Harm::Twice),
        ("started", Harm::Twice),
        ("completed", Harm::Twice),
        ("created", Harm::Swap),
        ("started", Harm::Swap),
        ("completed", Harm::Delay(Duration::from_millis(500))),
    ] {
        let frame = Frame::new(&lane, "Slow", json!({"seconds": 0.1}));
        let id = frame.id.clone();
        proxy.rule(Rule::event(&id, state, harm.clone()));
        harms += 1;
        tasks.ask(frame).await.result();
        let ended = watch.wait_for_json(|line| line["id"] == id.as_str() && line["state"] == "ended");
        assert_eq!(ended["outcome"], "ok", "{state} {harm:?}");
        assert_eq!(proxy.harmed(), harms, "{state} {harm:?}");
    }
    // One end each, and nothing unknown in between.
    let lines = watch.json_seen();
    let of_lane = lines.iter().filter(|line| line["service"] == lane.as_str());
    let states: Vec<_> = of_lane.map(|line| line["state"].as_str().unwrap_or_default()).collect();
    assert_eq!(states.iter().filter(|state| **state == "ended").count(), harms, "{states:?}");
    assert!(!states.contains(&"unknown"), "{states:?}");
}

#[test]
fn an_answer_that_is_lost_is_known_from_the_bus() {
    let Some(juice) = Juice::shared() else { return };
    let lane = juice.lane();
    let proxy = Proxy::with_rules(&juice.url());
    proxy.rule(Rule::new("/tasks", Way::Down, Harm::Drop, |text| text.contains("slept")));
    let args = ["submit", &lane, "Slow", "seconds=1.5", "--wait", "--direct", "--url", &proxy.url()];
    let ended = run(&args).expect(0);
    assert_eq!((ended.stdout.trim(), proxy.harmed()), ("{\"slept\": 1.5}", 1));
}

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn replies_and_events_of_the_real_sizes_are_taken_and_what_juice_refuses_settles() {
    let Some(juice) = Juice::private(&["bench"]) else { return };
    let endpoint = Some(Endpoint::Router { url: juice.url() });
    let mut links = Links::start(Options { endpoint, ..Options::default() });
    links.both_live().await;
    // The bus is told of its new reader in the background.
    Bus::open(&juice.url()).await;
    // Each quote of the text is escaped once more on the bus.
    let (size, on_the_bus) = (49 * MIB, 98 * MIB);
    {
        let frame = Frame::new("bench", "Big", json!({"size": size, "quotes": true}));
        links.send(&frame);
        let (mut reply_bytes, mut event_bytes) = (None, None);
        links
            .until("reply and event", |event| {
                match event {
                    Event::Reply { reply, .. } if reply.id.as_deref() == Some(&frame.id) => {
                        assert!(matches!(reply.body, ReplyBody::Ok { .. }), "{size}");
                        reply_bytes = Some(reply.text.len());
                    }
                    Event::Bus(BusEvent::Task(task)) if *task.task_id == *frame.id => {
                        if let Some(reply) = task.reply {
                            assert!(matches!(reply.body, ReplyBody::Ok { .. }), "{size}");
                            let escaped = reply.text.bytes().filter(|b| matches!(b, b'"' | b'\\')).count();
                            event_bytes = Some(reply.text.len() + escaped);
                        }
                    }
                    Event::Link { .. } | Event::Bad { .. } | Event::Missed { .. } => {
                        panic!("{size}: {event:?}")
                    }
                    _ => {}
                }
                (reply_bytes.is_some() && event_bytes.is_some()).then_some(())
            })
            .await;
        assert!(reply_bytes.is_some_and(|bytes| bytes + 1000 > size), "{size}: {reply_bytes:?}");
        assert!(event_bytes.is_some_and(|bytes| bytes + 1000 > on_the_bus), "{size}: {event_bytes:?}");
    }
    // Juice itself takes no reply of more than 50 MiB from a service: it says so, also to who waits beside it. On a busy
    // machine it may be at that for so long that it misses answers to its own pings (seen), and then it is tried again.
    let mut tries = 0;
    loop {
        tries += 1;
        let beside = Frame::new("bench", "SlowParallel", json!({"seconds": 120})).parallel();
        links.send(&beside);
        let large = Frame::new("bench", "Big", json!({"size": 51 * MIB, "quotes": true})).parallel();
        links.send(&large);
        let mut settled = HashSet::new();
        let stayed = links
            .until("both answers", |event| {
                match event {
                    Event::Reply { reply, .. } => {
                        assert!(reply.error(false).is_some(), "{:.200}", reply.text);
                        settled.extend(reply.id.map(|id| id.to_string()));
                    }
                    Event::Link { state: LinkState::Waiting { problem, .. }, .. }
                        if tries < 3 && problem.what.contains("ping timed out") =>
                    {
                        return Some(false);
                    }
                    Event::Link { .. } => panic!("{event:?}"),
                    _ => {}
                }
                (settled.contains(&large.id) && settled.contains(&beside.id)).then_some(true)
            })
            .await;
        if stayed {
            break;
        }
        links.both_live().await;
    }
    links.works().await;
}

/// A lab whose bus tells of tasks that have ended, the first one with a reply of this many bytes.
async fn lab_with_a_large_event(bytes: usize) -> String {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio::io::AsyncWriteExt as _;
    use tokio_tungstenite::tungstenite::Message;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let Some((path, mut socket)) = accept(stream).await else { return };
                if path == "/remote-sub" {
                    let (before, after) = (event("large").0, event("large").1);
                    let json = (before.len() + bytes + after.len()) as u64;
                    let topic = b"TaskEvent.";
                    let stream = socket.get_mut();
                    let length = 4 + topic.len() as u64 + 4 + json;
                    let mut start = vec![0x82, 127];
                    start.extend(length.to_be_bytes());
                    start.extend((topic.len() as u32).to_be_bytes());
                    start.extend(topic);
                    start.extend(u32::try_from(json).unwrap().to_be_bytes());
                    start.extend(before.bytes());
                    stream.write_all(&start).await.unwrap();
                    let part = vec![b'x'; MIB];
                    for _ in 0..bytes / MIB {
                        stream.write_all(&part).await.unwrap();
                    }
                    stream.write_all(after.as_bytes()).await.unwrap();
                    // Small ones follow again and again: what has ended before the present is told is no part of it.
                    for n in 0.. {
                        let (before, after) = event(&format!("small-{n}"));
                        let json = format!("{before}{after}");
                        let mut frame = (topic.len() as u32).to_be_bytes().to_vec();
                        frame.extend(topic);
                        frame.extend(u32::try_from(json.len()).unwrap().to_be_bytes());
                        frame.extend(json.bytes());
                        socket.send(Message::binary(frame)).await.unwrap();
                        match timeout(Duration::from_millis(300), socket.next()).await {
                            Err(_) | Ok(Some(Ok(_))) => {}
                            Ok(_) => return,
                        }
                    }
                }
                while let Some(Ok(message)) = socket.next().await {
                    if let Message::Text(text) = message {
                        let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
                        let error = json!({"id": frame["id"], "status": "error", "ename": "ValueError",
                            "evalue": "Task data must include a 'target' field.", "traceback": null});
                        socket.send(Message::text(error.to_string())).await.unwrap();
                    }
                }
            });
        }
    });
    url
}

/// What stands before and behind the result in the last event of a task.
fn event(id: &str) -> (String, String) {
    let head = format!(
        concat!(
            r#"{{"time":"2026-11-20T08:00:00Z","task_id":"{id}","task_target":"lab","task_type":"Big","#,
            r#""task_display_name":"Big: {id}","task_metadata":"{{\"parallel\": true}}","task_payload":"{{\"id\": \"{id}\", "#,
            r#"\"status\": \"ok\", \"result\": \""#
        ),
        id = id
    );
    (head, r#"\"}","task_state":"completed","show_in_dashboard":true}"#.to_owned())
}

#[tokio::test]
async fn an_event_beyond_every_limit_costs_its_own_task_only_and_little_memory() {
    let url = lab_with_a_large_event(300 * MIB).await;
    let mut watch = Program::start(&["watch", "--json", "--url", &url]);
    let (large, small, memory) = tokio::task::spawn_blocking(move || {
        let large = watch.wait_for_json(|line| line["id"] == "large" && line["state"] != "running");
        let small =
            watch.wait_for_json(|line| line["name"].as_str().is_some_and(|name| name.contains("small")));
        let links = watch.json_seen().iter().filter(|line| line["state"] == "down").count();
        assert_eq!(links, 0);
        (large, small, watch.most_memory())
    })
    .await
    .unwrap();
    assert_eq!((&large["state"], &large["reason"]), (&json!("unknown"), &json!("odd-reply")), "{large}");
    assert_eq!((&small["state"], &small["outcome"]), (&json!("ended"), &json!("ok")), "{small}");
    // 22 MB were measured.
    assert!(memory < 100 * 1024, "{memory} KiB");
}

#[tokio::test]
async fn what_came_while_the_program_was_stopped_for_less_than_a_minute_is_not_lost() {
    const TICKS: usize = 1500;
    let Some(juice) = Juice::private(&["bench"]) else { return };
    let heard = Listener::open(&juice.url());
    let mut watch = Program::start(&["watch", "--json", "--url", &juice.url()]);
    watch.wait_for_json(|line| line["link"] == "bus" && line["state"] == "live");
    // One more reader, which does not read while the program is stopped.
    let mut unread = Bus::open(&juice.url()).await;
    let mut tasks = Tasks::connect(&juice.url()).await;
    let slow = tasks.send(Frame::new("bench", "Slow", json!({"seconds": 8}))).await;
    watch.wait_for_json(|line| line["id"] == slow.as_str() && line["state"] == "running");
    watch.signal(Signal::STOP);
    // First what fills the sockets between, then more events than ZeroMQ keeps for one reader: Juice keeps the rest
    // (measured: 9,000 events while nobody read for half a minute).
    for _ in 0..3 {
        tasks.ask(Frame::new("bench", "Big", json!({"size": 1_000_000, "quotes": true})).parallel()).await;
    }
    let mut ticks = Vec::new();
    for _ in 0..TICKS {
        ticks.push(tasks.send(Frame::new("bench", "Tick", json!({})).parallel()).await);
    }
    for tick in ticks {
        tasks.reply(&tick).await;
    }
    heard.wait_for("the end", |e| e.json["task_id"] == slow.as_str() && e.json["task_state"] == "completed");
    watch.signal(Signal::CONT);
    let line = watch.wait_for_json(|line| line["id"] == slow.as_str() && line["state"] != "running");
    assert_eq!(line["outcome"], "ok", "{line}");
    let last = tasks.ask(Frame::new("bench", "Measure", json!({"qubit": "q1"})).parallel()).await.json();
    unread.task(last["id"].as_str().unwrap(), "completed").await;
    let came = unread.seen.iter().filter(|e| e.json["task_type"] == "Tick").count();
    assert_eq!(came, 3 * TICKS);
}

/// The text of a screen without its line ends.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn wait_for_loss(screen: &Screen) -> String {
    wait_for(screen, "the loss", |text| text.contains("lost since"))
}

/// Waits longer than a screen does: a ping may wait 15 s, its answer 30 s.
fn wait_for(screen: &Screen, what: &str, fits: impl Fn(&str) -> bool) -> String {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        let text = screen.text();
        if fits(&text) {
            return text;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{what} did not come within a minute:\n{}", screen.text());
}

#[test]
fn half_open_links_and_a_router_that_stands_still_are_told_on_the_screen_within_a_minute_and_gone_afterwards()
{
    let Some(shared) = Juice::shared() else { return };
    let Some(mut private) = Juice::private(&[]) else { return };
    let proxy = Proxy::to(&shared.url());
    let half_open = Screen::start(&["--url", &proxy.url()], (100, 40), &[]);
    let mut stopped = Screen::start(&["--url", &private.url()], (100, 40), &[]);
    for screen in [&half_open, &stopped] {
        screen.wait_for("the connection", |text| text.contains("● live"));
    }
    proxy.half_open();
    private.stop_router();

    // The way is good again for a new connection.
    wait_for_loss(&half_open);
    let text = half_open.wait_for("the connection again", |text| text.contains("● live"));
    assert!(!text.contains("lost since"), "{text}");

    wait_for_loss(&stopped);
    let text = stopped.wait_for("the reason", |text| {
        let text = flat(text);
        text.contains("not even an answer to a ping") || text.contains("did not answer within 10 s")
    });
    assert!(text.contains(&private.url()["ws://".len()..]), "{text}");
    // Only going on is not enough: Juice's own database client has timed out meanwhile, and may end it (measured).
    private.restart_service("task-manager");
    stopped.type_keys("ctrl-r");
    let text = stopped.wait_for("the connection again", |text| text.contains("● live"));
    assert!(!text.contains("lost since") && !flat(&text).contains("ping"), "{text}");
    for mut screen in [half_open, stopped] {
        screen.type_keys("q");
        assert_eq!(screen.exit_status().exit_code(), 0);
    }
}

#[test]
fn a_bus_that_brings_nothing_any_more_is_given_up_and_from_when_to_when_is_told() {
    let Some(juice) = Juice::shared() else { return };
    let proxy = Proxy::with_rules(&juice.url());
    let screen = Screen::start(&["--url", &proxy.url()], (100, 40), &[]);
    let mut watch = Program::start(&["watch", "--json", "--url", &proxy.url()]);
    screen.wait_for("the connection", |text| text.contains("● live"));
    watch.wait_for_json(|line| line["event"] == "ready");
    // The monitor beats each 5 s. Both have to have heard it: each does a moment after or before this one.
    let beat = |e: &Heard| e.topic.starts_with("ThrottleStateEvent.") && e.json["id"] == "heartbeat";
    Listener::open(&proxy.url()).wait_for("the monitor", beat);
    std::thread::sleep(Duration::from_secs(1));
    proxy.deafen(true);
    let text = wait_for(&screen, "its loss", |text| text.contains("lost since"));
    let text = flat(&text);
    assert!(text.contains("What you see is as it was at"), "{text}");
    assert!(
        text.contains("The bus has brought nothing for") && text.contains("its connection stands"),
        "{text}"
    );
    // Opened anew it is as deaf, and is not taken for one that speaks.
    wait_for(&screen, "that it says nothing", |text| text.contains("live, nothing heard yet"));
    proxy.deafen(false);
    let text = wait_for(&screen, "the end of it", |text| text.contains("Nothing was seen from"));
    assert!(text.contains("● live ") && text.contains("esc puts this away"), "{text}");
    let gap = watch.wait_for_json(|line| line["event"] == "gap");
    let (from, until) = (gap["from"].as_str().unwrap(), gap["until"].as_str().unwrap());
    assert!(from < until, "{gap}");
}

#[test]
fn pings_are_answered_while_the_editor_is_open() {
    let Some(juice) = Juice::shared() else { return };
    let proxy = Proxy::with_rules(&juice.url());
    let editor = "sh -c 'touch $HOME/open; while [ ! -e $HOME/close ]; do sleep 0.05; done'";
    let mut screen = Screen::start(&["--url", &proxy.url()], (100, 40), &[("EDITOR", editor)]);
    screen.wait_for("the connection, and what there is", |text| {
        text.contains("● live") && text.contains("cryo")
    });
    screen.type_keys("s");
    screen.wait_for("the types", |text| text.contains("Submit to "));
    screen.type_text("Anything");
    screen.type_keys("enter");
    screen.wait_for("the composer", |text| text.contains(" · Anything"));
    screen.type_keys("alt-e");
    screen.wait_until("the editor", |screen| screen.home().join("open").exists());
    for asked in 1..=3 {
        proxy.ask();
        // One on each of the two lines.
        screen.wait_until("the answers", |_| proxy.answers() == 2 * asked);
    }
    std::fs::write(screen.home().join("close"), "").unwrap();
    screen.wait_for("the composer again", |text| text.contains(" · Anything"));
    screen.type_keys("esc");
    screen.wait_for("the lanes", |text| !text.contains("Submit to"));
    screen.type_keys("q");
    assert_eq!(screen.exit_status().exit_code(), 0);
}
