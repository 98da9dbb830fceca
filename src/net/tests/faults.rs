//! What a server or the network does wrong on a live connection. The `ws_*.bin` files are raw bytes after the handshake.

use super::*;
use crate::wire::bus;

/// Serves `bytes` raw on every connection of one line and keeps it open; the other line is quiet.
async fn raw(line: &'static str, bytes: Vec<u8>) -> String {
    serve(move |_, stream| {
        let bytes = bytes.clone();
        async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/tasks" {
                introduce(&mut ws, As::Router).await;
            }
            if request.uri().path() != line {
                return idle(ws).await;
            }
            let mut stream = ws.into_inner();
            stream.write_all(&bytes).await.unwrap();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
    })
    .await
}

#[tokio::test]
async fn closes_are_told_with_code_and_reason() {
    for (file, says) in [
        ("ws_close_empty.bin", "without giving a reason"),
        ("ws_close_bad_code.bin", "code that is not valid"),
        ("ws_close_bad_reason.bin", "not UTF-8"),
        ("ws_close_1011.bin", "(1011, internal error): task manager unreachable \\x1b[31m é"),
        ("ws_masked_from_server.bin", "masked"),
        ("ws_huge_length_header.bin", "4611686018427387904"),
    ] {
        for (path, line) in [("/remote-sub", Line::Bus), ("/tasks", Line::Router)] {
            let url = raw(path, case(file)).await;
            let mut client = Client::start(quick(&url));
            client.live(line.clone()).await;
            let (problem, again) = client.down(line.clone()).await;
            assert!(again && problem.what.contains(says), "{file} {path}: {problem:?}");
            assert!(problem.what.contains(&url), "{file} {path}: {problem:?}");
        }
    }
}

#[tokio::test]
async fn a_close_for_a_breach_of_the_protocol_is_not_taken_for_one_with_a_bad_code() {
    // Case C18: tungstenite hands a bad code on as 1002 with words of its own, which a peer may say as well.
    for (reason, says) in [
        ("Protocol violation", "(1002, protocol error) or with a code that is not valid"),
        ("odd frame", "(1002, protocol error): odd frame"),
    ] {
        let length = u8::try_from(2 + reason.len()).unwrap();
        let bytes = [&[0x88, length, 0x03, 0xea][..], reason.as_bytes()].concat();
        let mut client = Client::start(quick(&raw("/tasks", bytes).await));
        client.live(Line::Router).await;
        let (problem, again) = client.down(Line::Router).await;
        assert!(again && problem.what.ends_with(says), "{problem:?}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_is_told_once_and_the_other_line_lives() {
    for file in ["ws_text_invalid_utf8.bin", "ws_text_cesu_surrogate.bin"] {
        let url = raw("/tasks", case(file)).await;
        let mut client = Client::start(quick(&url));
        let (mut told, mut downs) = (0, 0);
        client
            .until("four losses", |e| {
                match e {
                    Event::Bad { line, why, .. } => {
                        assert!(*line == Line::Router && why.contains("UTF-8"), "{file}: {e:?}");
                        told += 1;
                    }
                    Event::Link { line, state: LinkState::Waiting { problem, .. } } => {
                        assert!(*line == Line::Router && problem.what.contains("UTF-8"), "{file}: {e:?}");
                        downs += 1;
                    }
                    _ => {}
                }
                (downs == 4).then_some(())
            })
            .await;
        assert_eq!(told, 1, "{file}");
    }
}

#[tokio::test]
async fn a_fragmented_text_with_a_ping_inside_comes_whole_and_the_ping_is_answered() {
    let (seen, mut pongs) = mpsc::unbounded_channel();
    let url = serve(move |_, stream| {
        let seen = seen.clone();
        async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/remote-sub" {
                return idle(ws).await;
            }
            introduce(&mut ws, As::Router).await;
            let mut stream = ws.into_inner();
            stream.write_all(&case("ws_fragmented_with_ping.bin")).await.unwrap();
            // A masked pong frame: 8a 84, four bytes of mask, "keep".
            let mut frame = [0; 10];
            stream.read_exact(&mut frame).await.unwrap();
            let text: Vec<u8> = (0..4).map(|i| frame[6 + i] ^ frame[2 + i]).collect();
            seen.send((frame[0], text)).unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    })
    .await;
    let mut client = Client::start(quick(&url));
    client.until("reply", |e| matches!(e, Event::Reply { line: Line::Router, .. }).then_some(())).await;
    assert_eq!(pongs.recv().await.unwrap(), (0x8a, b"keep".to_vec()));
}

#[tokio::test]
async fn messages_of_the_wrong_kind_are_counted_and_passed_over() {
    let url = raw("/remote-sub", case("ws_text_on_bus.bin")).await;
    let mut client = Client::start(quick(&url));
    let bad = |e: &Event| match e {
        Event::Bad { line, why, length, .. } => Some((line.clone(), why.clone(), *length)),
        Event::Link { state: LinkState::Waiting { .. }, .. } => panic!("{e:?}"),
        _ => None,
    };
    let (line, why, length) = client.until("bad", bad).await;
    assert!(line == Line::Bus && why.contains("text") && length == 200, "{why} {length}");

    let mut bytes = case("ws_binary_on_tasks.bin");
    bytes.extend(b"\x81\x03???\x81\x18{\"id\":\"a\",\"status\":\"ok\"}");
    let url = raw("/tasks", bytes).await;
    let mut client = Client::start(quick(&url));
    assert!(client.until("bad", bad).await.1.contains("binary"));
    assert_eq!(client.until("no JSON", bad).await.2, 3);
    client.until("reply", |e| matches!(e, Event::Reply { .. }).then_some(())).await;
}

#[tokio::test]
async fn each_odd_reply_is_taken_or_counted_and_the_link_lives() {
    // Case C19.
    let lines = String::from_utf8(case("frames_replies.jsonl")).unwrap();
    let frames: Vec<String> = lines.lines().map(str::to_owned).collect();
    let count = frames.len();
    let url = serve(move |_, stream| {
        let frames = frames.clone();
        async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() != "/tasks" {
                return idle(ws).await;
            }
            introduce(&mut ws, As::Router).await;
            for frame in frames {
                ws.send(Message::text(frame)).await.unwrap();
            }
            ws.send(Message::text(r#"{"id": "last", "status": "ok"}"#)).await.unwrap();
            idle(ws).await;
        }
    })
    .await;
    let mut client = Client::start(quick(&url));
    let (mut replies, mut bads) = (Vec::new(), Vec::new());
    client
        .until("the last", |e| {
            match e {
                Event::Reply { line: Line::Router, reply } => replies.push(reply.id.clone()),
                Event::Bad { line: Line::Router, length, .. } => bads.push(*length),
                Event::Link { state: LinkState::Waiting { .. }, .. } => panic!("{e:?}"),
                _ => {}
            }
            replies.last().is_some_and(|id| id.as_deref() == Some("last")).then_some(())
        })
        .await;
    assert_eq!(replies.len() - 1 + bads.len(), count, "{replies:?} {bads:?}");
    // A list, a text, null, a number and what is no JSON at all: none of them is an object.
    assert_eq!(bads, ["[]", r#""text""#, "null", "5", "{not json"].map(str::len));
    let first = "00000000-0000-4000-8000-000000000001";
    let again = replies.iter().filter(|id| id.as_deref() == Some(first)).count();
    assert_eq!(again, 2, "a second answer is for the store to judge");
}

#[tokio::test]
async fn each_bad_bus_message_is_counted_and_the_next_one_comes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.starts_with("bus_") && n.ends_with(".bin"))
        .collect();
    names.sort();
    assert!(names.len() > 10);
    let bad = names.iter().filter(|n| bus::decode(&case(n)).is_err()).count();
    let files = names.clone();
    let url = serve(move |_, stream| {
        let files = files.clone();
        async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/tasks" {
                introduce(&mut ws, As::Router).await;
                return idle(ws).await;
            }
            for name in files {
                ws.send(Message::binary(case(&name))).await.unwrap();
                ws.send(Message::binary(bus::encode(&format!("Good.{name}."), "{}"))).await.unwrap();
            }
            idle(ws).await;
        }
    })
    .await;
    let mut client = Client::start(quick(&url));
    let (mut bads, mut goods) = (0, 0);
    client
        .until("all", |e| {
            match e {
                Event::Bad { line: Line::Bus, .. } => bads += 1,
                Event::Bus(BusEvent::Other(said)) if said.topic.starts_with("Good.") => goods += 1,
                Event::Link { state: LinkState::Waiting { .. }, .. } => panic!("{e:?}"),
                _ => {}
            }
            (goods == names.len()).then_some(())
        })
        .await;
    assert_eq!(bads, bad);
    assert!(bads > 5);
}

#[tokio::test]
async fn a_drop_in_the_middle_of_a_message_is_a_loss_and_the_next_connection_works() {
    let url = serve(|n, stream| async move {
        let (mut ws, request) = upgrade(stream).await;
        if request.uri().path() == "/tasks" {
            introduce(&mut ws, As::Router).await;
            return idle(ws).await;
        }
        if n < 2 {
            let mut stream = ws.into_inner();
            let mut bytes = vec![0x82, 126, 0x10, 0];
            bytes.extend([0; 100]);
            stream.write_all(&bytes).await.unwrap();
            return;
        }
        ws.send(Message::binary(case("bus_good.bin"))).await.unwrap();
        idle(ws).await;
    })
    .await;
    let mut client = Client::start(quick(&url));
    let (problem, again) = client.down(Line::Bus).await;
    assert!(again && problem.kind == ProblemKind::Closed, "{problem:?}");
    client.until("event", |e| matches!(e, Event::Bus(BusEvent::Task(_))).then_some(())).await;
}
