//! What answers where a lab was expected, and what is said about it.

use super::*;

fn page(status: &str, more: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{more}Content-Length: 5\r\nConnection: close\r\n\r\nhello")
}

/// Everything answers like this.
async fn web(status: &'static str, more: &'static str) -> String {
    serve(move |_, stream| async move {
        answer(stream, &page(status, more)).await;
    })
    .await
}

/// `/remote-sub` is missing; `/tasks` belongs to that role.
async fn without_bus(role: As) -> String {
    serve(move |_, stream| async move {
        let mut start = [0; 16];
        while stream.peek(&mut start).await.unwrap() < start.len() {}
        if start.starts_with(b"GET /tasks ") {
            let (mut ws, _) = upgrade(stream).await;
            introduce(&mut ws, role).await;
            return idle(ws).await;
        }
        answer(stream, &page("404 Not Found", "")).await;
    })
    .await
}

async fn first(url: &str, line: Line) -> (Problem, bool) {
    Client::start(quick(url)).down(line).await
}

#[tokio::test]
async fn an_older_juice_is_told_apart_and_its_tasks_work() {
    let url = without_bus(As::Router).await;
    let mut client = Client::start(quick(&url));
    let (mut old, mut live) = (None, false);
    client
        .until("both", |e| {
            match e {
                Event::Link { line: Line::Bus, state: LinkState::Waiting { problem, .. } } => {
                    old = Some(problem.clone());
                }
                Event::Link { line: Line::Router, state: LinkState::Live } => live = true,
                _ => {}
            }
            (old.is_some() && live).then_some(())
        })
        .await;
    let old = old.unwrap();
    assert_eq!(old.kind, ProblemKind::TooOld);
    assert!(old.what.contains("26.34.1") && old.what.contains(&url), "{old:?}");
}

#[tokio::test]
async fn a_services_own_port_is_named_as_such_and_nothing_can_be_sent_there() {
    let url = without_bus(As::Service).await;
    for line in [Line::Bus, Line::Router] {
        let (problem, again) = first(&url, line.clone()).await;
        assert!(again && problem.kind == ProblemKind::ServicePort, "{line:?} {problem:?}");
        assert!(problem.what.contains(&url) && problem.remedy.contains("--service NAME="), "{problem:?}");
    }
    let mut client = Client::start(quick(&url));
    client.down(Line::Router).await;
    client.send(Line::Router, "a", "{}");
    assert!(client.unsent("a").await.contains("own port"));
}

#[tokio::test]
async fn who_answers_the_question_late_is_believed_late() {
    for (role, goes) in [(As::Router, true), (As::Service, false)] {
        let url = serve(move |_, stream| async move {
            let (mut ws, request) = upgrade(stream).await;
            if request.uri().path() == "/remote-sub" {
                return idle(ws).await;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            introduce(&mut ws, role).await;
            ws.send(Message::text(r#"{"id": "a", "status": "ok"}"#)).await.unwrap();
            idle(ws).await;
        })
        .await;
        let options = Options { identify_timeout: Duration::from_millis(20), ..quick(&url) };
        let mut client = Client::start(options);
        client.live(Line::Router).await;
        if goes {
            let id = client.until("reply", |e| match e {
                Event::Reply { reply, .. } => Some(reply.id.clone()),
                _ => None,
            });
            assert_eq!(id.await.as_deref(), Some("a"));
        } else {
            assert_eq!(client.down(Line::Router).await.0.kind, ProblemKind::ServicePort);
        }
    }
}

#[tokio::test]
async fn a_router_is_no_service() {
    let url = without_bus(As::Router).await;
    let alone = vec![("lab".into(), url.clone())];
    let mut client = Client::start(Options { endpoint: None, alone, ..quick(&url) });
    let (problem, again) = client.down(Line::Service("lab".into())).await;
    assert!(!again && problem.remedy.contains("--url"), "{problem:?}");
}

#[tokio::test]
async fn answers_of_web_servers_have_their_meanings() {
    for (status, more, kind, again, says) in [
        ("404 Not Found", "", ProblemKind::NotJuice, true, "no Juice"),
        ("401 Unauthorized", "", ProblemKind::Refused, true, "401"),
        ("403 Forbidden", "", ProblemKind::Refused, true, "403"),
        ("302 Found", "Location: /login\r\n", ProblemKind::Redirected, false, "/login"),
        ("400 Bad Request", "", ProblemKind::NotJuice, true, "400"),
        ("502 Bad Gateway", "", ProblemKind::ServerError, true, "502"),
        ("503 Service Unavailable", "", ProblemKind::ServerError, true, "503"),
        ("200 OK", "", ProblemKind::NotJuice, true, "200"),
    ] {
        let url = web(status, more).await;
        let (problem, waits) = first(&url, Line::Bus).await;
        assert_eq!((problem.kind, waits), (kind, again), "{status}: {problem:?}");
        assert!(problem.what.contains(says) && problem.what.contains(&url), "{status}: {problem:?}");
        assert!(!problem.remedy.is_empty(), "{status}: {problem:?}");
    }
}

#[tokio::test]
async fn other_protocols_are_no_juice() {
    for greeting in ["SSH-2.0-OpenSSH_9.6\r\n", "\u{0}\u{1}\u{2}\u{3}garbage\r\n\r\n", "+OK ready\r\n"] {
        let url = serve(move |_, stream| async move {
            answer(stream, greeting).await;
        })
        .await;
        let (problem, again) = first(&url, Line::Bus).await;
        assert!(again && problem.kind == ProblemKind::NotJuice, "{greeting:?}: {problem:?}");
    }
}

#[tokio::test]
async fn a_tunnel_without_a_far_end_and_a_mute_server_are_unreachable() {
    let url = serve(|_, stream| async move { drop(stream) }).await;
    let (problem, again) = first(&url, Line::Bus).await;
    assert!(
        again && problem.kind == ProblemKind::Unreachable && problem.remedy.contains("tunnel"),
        "{problem:?}"
    );

    let url = serve(|_, stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let options = Options { connect_timeout: Duration::from_millis(200), ..quick(&url) };
    let (problem, again) = Client::start(options).down(Line::Bus).await;
    assert!(
        again && problem.kind == ProblemKind::Unreachable && problem.what.contains("answer"),
        "{problem:?}"
    );
}

#[tokio::test]
async fn names_that_nobody_knows_and_addresses_that_none_can_be() {
    let (problem, again) = first("ws://juice-task-manager.invalid:5124", Line::Bus).await;
    assert!(
        again && problem.kind == ProblemKind::Unreachable && problem.remedy.contains("tunnel"),
        "{problem:?}"
    );
    for line in [Line::Bus, Line::Router] {
        let (problem, again) = first("ws://[", line).await;
        assert!(!again && problem.kind == ProblemKind::BadAddress, "{problem:?}");
    }
}

#[tokio::test]
async fn who_is_stopped_tries_again_when_asked() {
    let url = web("302 Found", "Location: /login\r\n").await;
    let mut client = Client::start(quick(&url));
    assert!(!client.down(Line::Bus).await.1);
    client.net.commands.send(Command::Retry).unwrap();
    let attempt = client
        .until("another try", |e| match e {
            Event::Link { line: Line::Bus, state: LinkState::Connecting { attempt } } => Some(*attempt),
            _ => None,
        })
        .await;
    assert_eq!(attempt, 2);
}

/// An edge under `/jupyter` that knows one token.
async fn hub() -> String {
    serve(|_, stream| async move {
        let mut head = vec![0; 4096];
        loop {
            let n = stream.peek(&mut head).await.unwrap();
            if head[..n].ends_with(b"\r\n\r\n") {
                head.truncate(n);
                break;
            }
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("GET /jupyter/hub/sub HTTP/1.1\r\n"), "{head}");
        if head.to_lowercase().contains("x-juice-edge-token: right\r\n") {
            let (mut ws, _) = upgrade(stream).await;
            ws.send(Message::binary(case("bus_good.bin"))).await.unwrap();
            return idle(ws).await;
        }
        answer(stream, &page("403 Forbidden", "")).await;
    })
    .await
}

#[tokio::test]
async fn an_edge_is_watched_with_its_token_and_a_new_one_counts_at_once() {
    let base = hub().await.replace("ws://", "http://") + "/jupyter/";
    let dir = tempfile::tempdir().unwrap();
    let token_file = dir.path().join("token");
    std::fs::write(&token_file, "s3cret\n").unwrap();
    let endpoint = Some(Endpoint::Edge { base, token_file: token_file.clone() });
    // No pause ends by itself here.
    let hour = Duration::from_secs(3600);
    let mut client = Client::start(Options { endpoint, slow_retry: hour, ..quick("") });
    let (problem, again) = client.down(Line::Bus).await;
    assert!(again && problem.kind == ProblemKind::Refused, "{problem:?}");
    assert!(problem.what.contains(token_file.to_str().unwrap()), "{problem:?}");
    assert!(problem.what.contains("403") && !format!("{problem:?}").contains("s3cret"), "{problem:?}");
    std::fs::write(&token_file, "right\n").unwrap();
    client.until("event", |e| matches!(e, Event::Bus(BusEvent::Task(_))).then_some(())).await;
    client.send(Line::Router, "a", "{}");
    assert!(client.unsent("a").await.contains("edge"));
}

#[tokio::test]
async fn a_wrong_base_path_is_not_tried_for_ever() {
    let base = web("404 Not Found", "").await.replace("ws://", "http://");
    let dir = tempfile::tempdir().unwrap();
    let token_file = dir.path().join("token");
    std::fs::write(&token_file, "t").unwrap();
    let endpoint = Some(Endpoint::Edge { base: base.clone(), token_file });
    let (problem, again) = Client::start(Options { endpoint, ..quick("") }).down(Line::Bus).await;
    assert!(!again && problem.kind == ProblemKind::NotJuice, "{problem:?}");
    assert!(problem.what.contains("/hub/sub") && problem.remedy.contains("base path"), "{problem:?}");

    let endpoint = Some(Endpoint::Edge { base, token_file: dir.path().join("none") });
    let (problem, again) = Client::start(Options { endpoint, ..quick("") }).down(Line::Bus).await;
    assert!(again && problem.kind == ProblemKind::Refused && problem.what.contains("none"), "{problem:?}");
}
