//! What goes right: messages, frames, pings, floods, the end.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio_tungstenite::tungstenite::{
    Bytes,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::*;
use crate::wire::{bus, stand_in::LeftOut};

/// A router whose bus is quiet and whose `/tasks` answers every frame.
async fn router(stream: TcpStream) {
    let (mut ws, request) = upgrade(stream).await;
    if request.uri().path() == "/remote-sub" {
        return idle(ws).await;
    }
    introduce(&mut ws, As::Router).await;
    while let Some(Ok(message)) = ws.next().await {
        if let Message::Text(text) = message {
            let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
            let reply = serde_json::json!({"id": frame["id"], "status": "ok", "result": text.len()});
            ws.send(Message::text(reply.to_string())).await.unwrap();
        }
    }
}

#[tokio::test]
async fn events_and_replies_come_and_frames_go() {
    let url = serve(|_, stream| async move {
        let (mut ws, request) = upgrade(stream).await;
        if request.uri().path() == "/remote-sub" {
            ws.send(Message::binary(case("bus_good.bin"))).await.unwrap();
            return idle(ws).await;
        }
        assert_eq!(request.uri().path(), "/tasks");
        introduce(&mut ws, As::Router).await;
        let Some(Ok(Message::Text(text))) = ws.next().await else { panic!() };
        assert_eq!(text.as_str(), r#"{"id": "one", "x": NaN}"#);
        ws.send(Message::text(r#"{"id": "one", "status": "ok", "result": NaN}"#)).await.unwrap();
        idle(ws).await;
    })
    .await;
    let mut client = Client::start(quick(&url));
    client.until("task", |e| matches!(e, Event::Bus(BusEvent::Task(_))).then_some(())).await;
    client.live(Line::Router).await;
    client.send(Line::Router, "one", r#"{"id": "one", "x": NaN}"#);
    client.sent("one").await;
    let reply = client
        .until("reply", |e| match e {
            Event::Reply { line: Line::Router, reply } => Some(reply.clone()),
            _ => None,
        })
        .await;
    assert_eq!(reply.id.as_deref(), Some("one"));
    assert_eq!(reply.result(false), Some("NaN"));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_at_once_and_the_line_lives_on() {
    let url = serve(|_, stream| router(stream)).await;
    let mut client = Client::start(Options { max_message: 100, ..quick(&url) });
    client.live(Line::Router).await;
    client.send(Line::Bus, "bus", "x");
    assert!(client.unsent("bus").await.contains("watching"));
    client.send(Line::Service("lab".into()), "none", "x");
    assert!(client.unsent("none").await.contains("lab"));
    client.send(Line::Router, "big", &"x".repeat(101));
    let why = client.unsent("big").await;
    assert!(why.contains("101") && why.contains("100"), "{why}");
    client.send(Line::Router, "small", r#"{"id": "small"}"#);
    client.sent("small").await;
}

#[tokio::test]
async fn nothing_is_kept_for_a_later_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut client = Client::start(quick(&format!("ws://{address}")));
    let (problem, again) = client.down(Line::Router).await;
    assert!(again && problem.kind == ProblemKind::Unreachable, "{problem:?}");
    assert!(problem.what.contains(&address.to_string()) && !problem.remedy.is_empty(), "{problem:?}");
    client.send(Line::Router, "early", r#"{"id": "early"}"#);
    let why = client.unsent("early").await;
    assert!(why.contains("refused"), "{why}");

    let received = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&received);
    serve_on(TcpListener::bind(address).await.unwrap(), move |_, stream| {
        let count = Arc::clone(&count);
        async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/tasks" {
                introduce(&mut ws, As::Router).await;
            }
            while let Some(Ok(message)) = ws.next().await {
                if message.is_text() {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    });
    client.live(Line::Router).await;
    client.send(Line::Router, "later", r#"{"id": "later"}"#);
    client.sent("later").await;
    timeout(PATIENCE, async {
        while received.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(received.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_frame_whose_fate_is_unknown_is_not_sent_again() {
    let (seen, mut frames) = mpsc::unbounded_channel();
    let url = serve(move |_, stream| {
        let seen = seen.clone();
        async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/remote-sub" {
                return idle(ws).await;
            }
            introduce(&mut ws, As::Router).await;
            while let Some(Ok(message)) = ws.next().await {
                if let Message::Text(text) = message {
                    let _ = seen.send(text.to_string());
                    if text.contains("doomed") {
                        return;
                    }
                }
            }
        }
    })
    .await;
    let mut client = Client::start(quick(&url));
    client.live(Line::Router).await;
    client.send(Line::Router, "doomed", r#"{"id": "doomed"}"#);
    client.sent("doomed").await;
    assert_eq!(client.down(Line::Router).await.0.kind, ProblemKind::Closed);
    client.live(Line::Router).await;
    client.send(Line::Router, "next", r#"{"id": "next"}"#);
    client.sent("next").await;
    assert!(frames.recv().await.unwrap().contains("doomed"));
    assert!(frames.recv().await.unwrap().contains("next"));
}

/// Sends a message in frames of a mebibyte, with pings between them.
async fn in_frames(ws: &mut Ws<TcpStream>, kind: Data, content: Vec<u8>) {
    let mut parts = content.chunks(MIB).enumerate().peekable();
    while let Some((n, part)) = parts.next() {
        let kind = if n == 0 { kind } else { Data::Continue };
        let frame = Frame::message(part.to_vec(), OpCode::Data(kind), parts.peek().is_none());
        ws.send(Message::Frame(frame)).await.unwrap();
        ws.send(Message::Ping(Bytes::new())).await.unwrap();
    }
}

#[tokio::test]
async fn a_large_reply_comes_whole_and_a_larger_one_is_left_out_without_harm_to_the_next() {
    let url = serve(|_, stream| async move {
        let (mut ws, request) = upgrade(stream).await;
        if request.uri().path() == "/remote-sub" {
            return idle(ws).await;
        }
        introduce(&mut ws, As::Router).await;
        for (id, size) in [("large", 20_000_000), ("larger", 26 * MIB), ("small", 1)] {
            let reply = format!(r#"{{"id": "{id}", "status": "ok", "result": "{}"}}"#, "x".repeat(size));
            ws.send(Message::text(reply)).await.unwrap();
        }
        for (id, size) in [("large cut", 20_000_000), ("larger cut", 26 * MIB), ("small cut", 1)] {
            let reply = format!(r#"{{"id": "{id}", "status": "ok", "result": "{}"}}"#, "x".repeat(size));
            in_frames(&mut ws, Data::Text, reply.into_bytes()).await;
        }
        idle(ws).await;
    })
    .await;
    let mut client = Client::start(Options { max_message: 25 * MIB, ..quick(&url) });
    client.live(Line::Router).await;
    let mut replies = Vec::new();
    client
        .until("all replies", |e| {
            match e {
                Event::Reply { reply, .. } => {
                    replies.push((reply.id.clone().unwrap().to_string(), reply.text.clone()));
                }
                Event::Link { line: Line::Router, .. } => panic!("{e:?}"),
                _ => {}
            }
            (replies.len() == 6).then_some(())
        })
        .await;
    let ids: Vec<_> = replies.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["large", "larger", "small", "large cut", "larger cut", "small cut"]);
    for replies in replies.chunks(3) {
        assert!(replies[0].1.len() > 20_000_000);
        let left_out = LeftOut::read(&replies[1].1).unwrap();
        assert!(left_out.length > 26 * MIB as u64, "{left_out:?}");
        assert_eq!(left_out.limit, 25 * MIB as u64 + 256 * 1024);
        assert_eq!(LeftOut::read(&replies[2].1), None);
    }
}

#[tokio::test]
async fn a_bus_message_over_the_limit_is_left_out_and_the_next_one_comes() {
    let url = serve(|_, stream| async move {
        let (mut ws, request) = upgrade(stream).await;
        if request.uri().path() == "/tasks" {
            introduce(&mut ws, As::Router).await;
            return idle(ws).await;
        }
        let event = |id: &str, size: usize| {
            let payload = "\\\"".repeat(size);
            let event = format!(
                concat!(
                    r#"{{"time":"2026-11-20T08:00:00Z","task_id":"{}","task_target":"lab","task_type":"Big","#,
                    r#""task_display_name":"Big","task_metadata":"{{}}","task_payload":"{}","#,
                    r#""task_state":"completed","show_in_dashboard":true}}"#
                ),
                id, payload
            );
            bus::encode("TaskEvent.", &event)
        };
        ws.send(Message::binary(event("large", MIB / 4))).await.unwrap();
        ws.send(Message::binary(event("larger", MIB))).await.unwrap();
        in_frames(&mut ws, Data::Binary, event("larger cut", 5 * MIB)).await;
        ws.send(Message::binary(bus::encode("Other.", &"x".repeat(3 * MIB)))).await.unwrap();
        ws.send(Message::binary(event("small", 1))).await.unwrap();
        idle(ws).await;
    })
    .await;
    let mut client = Client::start(Options { max_bus_message: MIB, ..quick(&url) });
    client.live(Line::Bus).await;
    let (mut tasks, mut bad) = (Vec::new(), 0);
    client
        .until("the small one", |e| {
            match e {
                Event::Bus(BusEvent::Task(task)) => tasks.push((
                    task.task_id.to_string(),
                    task.reply.as_ref().and_then(|reply| LeftOut::read(&reply.text)).is_some(),
                )),
                Event::Bad { .. } => bad += 1,
                Event::Link { line: Line::Bus, .. } | Event::Missed { .. } => panic!("{e:?}"),
                _ => {}
            }
            tasks.iter().any(|(id, _)| id == "small").then_some(())
        })
        .await;
    let left_out = [("large", false), ("larger", true), ("larger cut", true), ("small", false)];
    assert_eq!(tasks, left_out.map(|(id, left_out)| (id.to_owned(), left_out)));
    assert_eq!(bad, 1);
}

#[tokio::test]
async fn large_frames_go_out_while_replies_come_in() {
    let url = serve(|_, stream| async move {
        let (mut ws, request) = upgrade(stream).await;
        if request.uri().path() == "/remote-sub" {
            return idle(ws).await;
        }
        introduce(&mut ws, As::Router).await;
        // Writes more than the sockets' buffers hold before it reads: only a client that reads while it writes gets on.
        for n in 0..40 {
            let reply = format!(r#"{{"id": "r{n}", "status": "ok", "result": "{}"}}"#, "y".repeat(500_000));
            ws.send(Message::text(reply)).await.unwrap();
        }
        idle(ws).await;
    })
    .await;
    let mut client = Client::start(quick(&url));
    client.live(Line::Router).await;
    client.send(Line::Router, "up", &format!(r#"{{"id": "up", "x": "{}"}}"#, "x".repeat(12_000_000)));
    let (mut sent, mut replies) = (false, 0);
    client
        .until("both", |e| {
            match e {
                Event::Sent { .. } => sent = true,
                Event::Reply { .. } => replies += 1,
                _ => {}
            }
            (sent && replies == 40).then_some(())
        })
        .await;
}

#[tokio::test]
async fn a_ping_is_answered_between_the_pieces_of_a_large_frame_that_goes_out() {
    let (seen, mut order) = mpsc::unbounded_channel();
    let url = serve(move |_, stream| {
        let seen = seen.clone();
        async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/remote-sub" {
                return idle(ws).await;
            }
            introduce(&mut ws, As::Router).await;
            // Until the frame has begun and fills everything between the two.
            let mut first = [0];
            while ws.get_ref().peek(&mut first).await.unwrap() == 0 {}
            tokio::time::sleep(Duration::from_millis(100)).await;
            ws.send(Message::Ping(Bytes::from_static(b"meanwhile"))).await.unwrap();
            while let Some(Ok(message)) = ws.next().await {
                match message {
                    Message::Pong(back) if &back[..] == b"meanwhile" => seen.send(0).unwrap(),
                    Message::Text(text) => seen.send(text.len()).unwrap(),
                    _ => {}
                }
            }
        }
    })
    .await;
    let mut client = Client::start(quick(&url));
    client.live(Line::Router).await;
    let text = format!(r#"{{"id": "up", "x": "{}"}}"#, "é".repeat(8_000_000));
    client.send(Line::Router, "up", &text);
    client.sent("up").await;
    assert_eq!((order.recv().await, order.recv().await), (Some(0), Some(text.len())));
}

#[tokio::test]
async fn a_large_frame_that_was_cut_off_in_the_middle_was_not_sent() {
    let url = serve(|_, stream| async move {
        let (mut ws, request) = upgrade(stream).await;
        if request.uri().path() == "/remote-sub" {
            return idle(ws).await;
        }
        introduce(&mut ws, As::Router).await;
        let mut first = [0];
        while ws.get_ref().peek(&mut first).await.unwrap() == 0 {}
    })
    .await;
    let mut client = Client::start(quick(&url));
    client.live(Line::Router).await;
    client.send(Line::Router, "up", &"x".repeat(40_000_000));
    client.send(Line::Router, "behind", "{}");
    assert!(client.unsent("up").await.contains("before it went out"));
    client.unsent("behind").await;
}

#[tokio::test]
async fn signs_of_life_go_out_while_a_large_message_comes_in() {
    let url = serve(|_, stream| async move {
        let (mut ws, request) = upgrade(stream).await;
        if request.uri().path() == "/remote-sub" {
            return idle(ws).await;
        }
        introduce(&mut ws, As::Router).await;
        let mut stream = ws.into_inner();
        let reply = format!(r#"{{"id": "slow", "status": "ok", "result": "{}"}}"#, "x".repeat(60_000));
        stream.write_all(&[0x81, 126]).await.unwrap();
        stream.write_all(&u16::try_from(reply.len()).unwrap().to_be_bytes()).await.unwrap();
        let (first, rest) = reply.split_at(1000);
        stream.write_all(first.as_bytes()).await.unwrap();
        // The rest comes when a pong has come that nobody asked for: 8a 80 and a mask.
        let mut window = [0; 2];
        while window != [0x8a, 0x80] {
            window = [window[1], stream.read_u8().await.unwrap()];
        }
        stream.write_all(rest.as_bytes()).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let mut client = Client::start(Options { ping_every: Duration::from_millis(50), ..quick(&url) });
    client.live(Line::Router).await;
    client
        .until("the reply", |e| match e {
            Event::Reply { reply, .. } => Some(reply.text.len() > 60_000),
            Event::Link { line: Line::Router, .. } => panic!("{e:?}"),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn every_ping_is_answered_at_once_by_a_client_that_only_reads() {
    let (done, mut dones) = mpsc::unbounded_channel();
    let url = serve(move |_, stream| {
        let done = done.clone();
        async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/tasks" {
                introduce(&mut ws, As::Router).await;
            }
            for n in 0..3_u8 {
                ws.send(Message::Ping(Bytes::from(vec![n]))).await.unwrap();
                loop {
                    // Long before its own next ping would carry the answer along.
                    match timeout(Duration::from_secs(5), ws.next()).await.expect("an answer at once") {
                        Some(Ok(Message::Pong(back))) if back[..] == [n] => break,
                        Some(Ok(_)) => {}
                        other => panic!("{other:?}"),
                    }
                }
            }
            done.send(request.uri().path().to_owned()).unwrap();
            idle(ws).await;
        }
    })
    .await;
    let _client = Client::start(quick(&url));
    let mut paths = vec![dones.recv().await.unwrap(), dones.recv().await.unwrap()];
    paths.sort();
    assert_eq!(paths, ["/remote-sub", "/tasks"]);
}

#[tokio::test]
async fn silence_is_noticed_and_quiet_is_not_silence() {
    let url = serve(|n, stream| async move {
        let (ws, _) = upgrade(stream).await;
        if n == 0 {
            // Keeps the connection and never reads again: what a stopped process or a black hole looks like.
            std::future::pending::<()>().await;
        }
        idle(ws).await;
    })
    .await;
    let options =
        Options { ping_every: Duration::from_millis(30), silence: Duration::from_millis(700), ..quick(&url) };
    // Only the bus, so that connection 0 is known to be it.
    let dir = tempfile::tempdir().unwrap();
    let token_file = dir.path().join("token");
    std::fs::write(&token_file, "t").unwrap();
    let base = url.replace("ws://", "http://");
    let options = Options { endpoint: Some(Endpoint::Edge { base, token_file }), ..options };
    let mut client = Client::start(options);
    client.live(Line::Bus).await;
    let (problem, again) = client.down(Line::Bus).await;
    assert!(again && problem.kind == ProblemKind::Silent, "{problem:?}");
    client.live(Line::Bus).await;
    // Nothing but pongs comes for more than twice the silence that is allowed.
    let more = timeout(Duration::from_millis(1600), client.events.recv()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn a_flood_is_drained_while_the_loop_is_busy_and_what_was_let_go_is_counted() {
    const FLOOD: usize = 30_000;
    let (flooded, mut done) = mpsc::unbounded_channel();
    let url = serve(move |_, stream| {
        let flooded = flooded.clone();
        async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/remote-sub" {
                for n in 0..FLOOD {
                    let state =
                        format!(r#"{{"time": "2026-11-24T21:00:00Z", "service": "{n}", "state": "idle"}}"#);
                    let event = bus::encode("IPythonServiceState.", &state);
                    ws.feed(Message::binary(event)).await.unwrap();
                }
                ws.flush().await.unwrap();
                ws.send(Message::Ping(Bytes::new())).await.unwrap();
                // The pong says that everything before it has been read.
                while !matches!(ws.next().await, Some(Ok(Message::Pong(_)))) {}
                flooded.send(()).unwrap();
                return idle(ws).await;
            }
            introduce(&mut ws, As::Router).await;
            for n in 0..300 {
                let reply = format!(r#"{{"id": "{n}", "status": "ok", "result": null}}"#);
                ws.send(Message::text(reply)).await.unwrap();
            }
            ws.send(Message::Ping(Bytes::new())).await.unwrap();
            while !matches!(ws.next().await, Some(Ok(Message::Pong(_)))) {}
            flooded.send(()).unwrap();
            idle(ws).await;
        }
    })
    .await;
    let mut client = Client::start(Options { max_waiting: 1000, ..quick(&url) });
    // The loop takes nothing until both floods are over.
    timeout(PATIENCE, async {
        done.recv().await.unwrap();
        done.recv().await.unwrap();
    })
    .await
    .expect("the sockets are not drained");

    let (mut came, mut missed, mut last, mut replies, mut live) = (0, 0, String::new(), Vec::new(), 0);
    client
        .until("everything", |e| {
            match e {
                Event::Bus(BusEvent::Service(state)) => {
                    came += 1;
                    last = state.service.to_string();
                }
                Event::Missed { count } => missed += usize::try_from(*count).unwrap(),
                Event::Reply { reply, .. } => replies.push(reply.id.clone().unwrap().to_string()),
                Event::Link { state: LinkState::Live, .. } => live += 1,
                _ => {}
            }
            (came + missed == FLOOD && replies.len() == 300).then_some(())
        })
        .await;
    assert_eq!(last, (FLOOD - 1).to_string());
    assert!(missed > 0 && came >= 1000, "{missed} {came}");
    assert_eq!(replies, (0..300).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(live, 2);
}

#[tokio::test]
async fn a_flood_of_replies_waits_in_the_socket_and_all_get_through() {
    const FLOOD: usize = 2000;
    let url = serve(|_, stream| async move {
        let (mut ws, request) = upgrade(stream).await;
        if request.uri().path() == "/tasks" {
            introduce(&mut ws, As::Router).await;
            for n in 0..FLOOD {
                let reply = format!(r#"{{"id": "{n}", "status": "ok", "result": "{}"}}"#, "z".repeat(500));
                ws.send(Message::text(reply)).await.unwrap();
            }
        }
        idle(ws).await;
    })
    .await;
    let silence = Duration::from_millis(300);
    let ping_every = Duration::from_millis(50);
    let mut client = Client::start(Options { max_message: 1000, silence, ping_every, ..quick(&url) });
    client.live(Line::Router).await;
    // The loop is away for longer than the silence that is allowed; that is not the other side's fault.
    tokio::time::sleep(2 * silence).await;
    let mut next = 0;
    client
        .until("all replies", |e| {
            match e {
                Event::Link { line: Line::Router, .. } => panic!("{e:?}"),
                Event::Reply { reply, .. } => {
                    assert_eq!(reply.id.as_deref(), Some(next.to_string().as_str()));
                    next += 1;
                }
                _ => {}
            }
            (next == FLOOD).then_some(())
        })
        .await;
}

#[tokio::test]
async fn dropping_the_connections_closes_them() {
    let (closed, mut closes) = mpsc::unbounded_channel();
    let url = serve(move |_, stream| {
        let closed = closed.clone();
        async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/tasks" {
                introduce(&mut ws, As::Router).await;
            }
            while let Some(Ok(message)) = ws.next().await {
                if message.is_close() {
                    closed.send(()).unwrap();
                }
            }
        }
    })
    .await;
    let mut client = Client::start(quick(&url));
    let mut live = 0;
    client
        .until("both live", |e| {
            live += usize::from(matches!(e, Event::Link { state: LinkState::Live, .. }));
            (live == 2).then_some(())
        })
        .await;
    let Client { net, mut events } = client;
    tokio::task::spawn_blocking(move || drop(net)).await.unwrap();
    closes.recv().await.unwrap();
    closes.recv().await.unwrap();
    while events.recv().await.is_some() {}
}

#[tokio::test]
async fn services_alone_have_lines_of_their_own() {
    let url = serve(|_, stream| async move {
        let (mut ws, request) = upgrade(stream).await;
        assert_eq!(request.uri().path(), "/tasks");
        introduce(&mut ws, As::Service).await;
        idle(ws).await;
    })
    .await;
    let lab: Text = "lab".into();
    let alone = vec![(lab.clone(), url.clone())];
    let mut client = Client::start(Options { endpoint: None, alone, ..quick(&url) });
    client.live(Line::Service(lab.clone())).await;
    client.send(Line::Service(lab), "a", "{}");
    client.sent("a").await;
    client.send(Line::Router, "b", "{}");
    assert!(client.unsent("b").await.contains("task manager"));
}

#[tokio::test]
async fn ipv6_addresses_keep_their_brackets() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
    let (seen, mut hosts) = mpsc::unbounded_channel();
    let url = serve_on(listener, move |_, stream| {
        let seen = seen.clone();
        async move {
            let (ws, request) = upgrade(stream).await;
            seen.send(request.headers()["host"].to_str().unwrap().to_owned()).unwrap();
            idle(ws).await;
        }
    });
    let _client = Client::start(quick(&url));
    assert_eq!(format!("ws://{}", hosts.recv().await.unwrap()), url);
}

#[tokio::test]
async fn a_bus_that_is_good_for_nothing_is_opened_anew_unless_something_is_just_coming() {
    let (tell, mut asked) = mpsc::unbounded_channel();
    let url = serve(move |n, stream| {
        let tell = tell.clone();
        async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() != "/remote-sub" {
                introduce(&mut ws, As::Router).await;
                return idle(ws).await;
            }
            let _ = tell.send(n);
            // One event that takes its time.
            let event = bus::encode("TemperaturePoint.", &format!(r#"{{"x": "{}"}}"#, "x".repeat(100_000)));
            let pieces: Vec<_> = event.chunks(4096).map(<[u8]>::to_vec).collect();
            let count = pieces.len();
            for (n, piece) in pieces.into_iter().enumerate() {
                let kind = if n == 0 { Data::Binary } else { Data::Continue };
                ws.send(Message::Frame(Frame::message(piece, OpCode::Data(kind), n + 1 == count)))
                    .await
                    .unwrap();
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
            idle(ws).await;
        }
    })
    .await;
    let mut client = Client::start(quick(&url));
    client.live(Line::Bus).await;
    let give_up = |client: &Client| {
        let what = "It says nothing".to_owned();
        let problem = Problem { kind: ProblemKind::Silent, what, remedy: String::new() };
        client.net.commands.send(Command::GiveUp { line: Line::Bus, problem }).unwrap();
    };
    give_up(&client);
    client.until("the event", |e| matches!(e, Event::Bus(BusEvent::Other(_))).then_some(())).await;
    give_up(&client);
    let (problem, again) = client.down(Line::Bus).await;
    assert_eq!((problem.kind, problem.what.as_str(), again), (ProblemKind::Silent, "It says nothing", true));
    client.live(Line::Bus).await;
    let mut times = 0;
    while asked.try_recv().is_ok() {
        times += 1;
    }
    assert_eq!(times, 2, "the first wish was not followed, the second was");
}
