//! Connections that one task has to itself.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::*;

/// Serves the bus, the router's first `/tasks`, and each further one with `f`, which is told its number from 0.
async fn serve_tasks<F, Fut>(f: F) -> String
where
    F: Fn(usize, TcpStream) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let seen = Arc::new(Mutex::new(0));
    serve(move |_, stream| {
        let (f, seen) = (f.clone(), Arc::clone(&seen));
        async move {
            let mut head = [0; 64];
            let n = stream.peek(&mut head).await.unwrap();
            let is_bus = head[..n].starts_with(b"GET /remote-sub");
            let place = (!is_bus).then(|| {
                let mut seen = seen.lock().unwrap();
                *seen += 1;
                *seen - 1
            });
            match place {
                None => idle(upgrade(stream).await.0).await,
                Some(0) => {
                    let (mut ws, _) = upgrade(stream).await;
                    introduce(&mut ws, As::Router).await;
                    // A word of it ends the connection.
                    loop {
                        match ws.next().await {
                            Some(Ok(Message::Text(text))) if text.as_str() == frame("end") => return,
                            Some(Ok(_)) => {}
                            _ => return,
                        }
                    }
                }
                Some(n) => f(n - 1, stream).await,
            }
        }
    })
    .await
}

/// The next text message.
async fn text(ws: &mut Ws) -> String {
    loop {
        if let Message::Text(text) = ws.next().await.unwrap().unwrap() {
            return text.to_string();
        }
    }
}

fn own(id: &str) -> Line {
    Line::Task(id.into())
}

fn frame(id: &str) -> String {
    format!(r#"{{"id": "{id}"}}"#)
}

fn ok(id: &str) -> Message {
    Message::text(format!(r#"{{"id": "{id}", "status": "ok", "result": 1}}"#))
}

impl Client {
    fn withdraw(&self, id: &str) {
        self.net.commands.send(Command::Withdraw { id: id.into() }).unwrap();
    }

    fn look(&self) {
        self.net.commands.send(Command::Look).unwrap();
    }

    /// What becomes of the task of that id.
    async fn fate(&mut self, id: &str) -> String {
        self.until("its fate", |event| match event {
            Event::Withdrawn { id: of } if **of == *id => Some("withdrawn".to_owned()),
            Event::Reply { reply, .. } if reply.id.as_deref() == Some(id) => Some("answered".to_owned()),
            Event::Unsent { id: of, why } if **of == *id => Some(format!("unsent: {why}")),
            Event::Link { line, state: LinkState::Stopped { problem } } if *line == own(id) => {
                Some(format!("lost: {}", problem.what))
            }
            _ => None,
        })
        .await
    }
}

/// A program that has its router and has sent `a` on a connection of its own.
async fn one_sent(options: Options) -> Client {
    let mut client = Client::start(options);
    client.live(Line::Router).await;
    client.send(own("a"), "a", &frame("a"));
    client.sent("a").await;
    client
}

#[tokio::test]
async fn it_is_opened_for_its_task_and_closed_once_that_is_answered() {
    let ended = Arc::new(Notify::new());
    let told = Arc::clone(&ended);
    let url = serve_tasks(move |_, stream| {
        let told = Arc::clone(&told);
        async move {
            let (mut ws, request) = upgrade(stream).await;
            assert_eq!(request.uri().path(), "/tasks");
            assert_eq!(text(&mut ws).await, frame("a"), "nobody asks who is there");
            ws.send(ok("another")).await.unwrap();
            ws.send(ok("a")).await.unwrap();
            idle(ws).await;
            told.notify_one();
        }
    })
    .await;
    let mut client = one_sent(quick(&url)).await;
    assert_eq!(client.fate("a").await, "answered");
    timeout(PATIENCE, ended.notified()).await.expect("it is closed");
    client.withdraw("a");
    client.send(Line::Router, "b", &frame("b"));
    client.sent("b").await;
}

#[tokio::test]
async fn a_task_is_withdrawn_once_the_router_has_said_good_bye() {
    let url = serve_tasks(|_, stream| async {
        let (mut ws, _) = upgrade(stream).await;
        text(&mut ws).await;
        idle(ws).await;
    })
    .await;
    let mut client = one_sent(quick(&url)).await;
    client.withdraw("a");
    assert_eq!(client.fate("a").await, "withdrawn");
}

#[tokio::test]
async fn without_a_good_bye_it_is_lost() {
    let url = serve_tasks(|n, stream| async move {
        let (mut ws, _) = upgrade(stream).await;
        text(&mut ws).await;
        if n == 0 {
            // The ping, so that the frame counts as read; then the good-bye, without an answer to it.
            ws.next().await.unwrap().unwrap();
            ws.flush().await.unwrap();
            let mut stream = ws.into_inner();
            stream.read_exact(&mut [0]).await.unwrap();
            return;
        }
        std::future::pending::<()>().await;
    })
    .await;
    let mut client = Client::start(Options { connect_timeout: Duration::from_millis(300), ..quick(&url) });
    client.live(Line::Router).await;
    for (id, says) in [("a", "broke off"), ("b", "did not answer a good-bye")] {
        client.send(own(id), id, &frame(id));
        client.sent(id).await;
        client.withdraw(id);
        let fate = client.fate(id).await;
        assert!(fate.starts_with("lost: ") && fate.contains(says), "{fate}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_before_the_good_bye_counts() {
    let withdrawn = Arc::new(Notify::new());
    let told = Arc::clone(&withdrawn);
    let url = serve_tasks(move |_, stream| {
        let told = Arc::clone(&told);
        async move {
            let (mut ws, _) = upgrade(stream).await;
            text(&mut ws).await;
            told.notified().await;
            ws.send(ok("a")).await.unwrap();
            idle(ws).await;
        }
    })
    .await;
    let mut client = one_sent(quick(&url)).await;
    client.withdraw("a");
    withdrawn.notify_one();
    assert_eq!(client.fate("a").await, "answered");
    client.send(Line::Router, "b", &frame("b"));
    let twice = client
        .until("b", |event| match event {
            Event::Sent { id } if **id == *"b" => Some(false),
            Event::Withdrawn { .. } | Event::Link { line: Line::Task(_), .. } => Some(true),
            _ => None,
        })
        .await;
    assert!(!twice, "one fate");
}

#[tokio::test]
async fn frames_come_in_the_order_in_which_they_were_handed_over() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let url = serve_tasks(move |n, stream| {
        let log = Arc::clone(&log);
        async move {
            // The first one opens last.
            tokio::time::sleep(Duration::from_millis(300 / (n as u64 + 1))).await;
            let (mut ws, _) = upgrade(stream).await;
            let frame = text(&mut ws).await;
            log.lock().unwrap().push(frame);
            idle(ws).await;
        }
    })
    .await;
    let mut client = Client::start(quick(&url));
    client.live(Line::Router).await;
    for id in ["a", "b", "c"] {
        client.send(own(id), id, &frame(id));
    }
    client.sent("c").await;
    timeout(PATIENCE, async {
        while seen.lock().unwrap().len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(*seen.lock().unwrap(), ["a", "b", "c"].map(frame));
}

#[tokio::test]
async fn what_did_not_go_out_is_unsent() {
    let url = serve_tasks(|n, stream| async move {
        match n {
            // It never reads, so nobody knows whether it has the frame, and the next one waits for that.
            0 => {
                let _open = upgrade(stream).await;
                std::future::pending::<()>().await;
            }
            _ => drop(answer(stream, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").await),
        }
    })
    .await;
    let mut client = one_sent(quick(&url)).await;
    client.send(own("b"), "b", &frame("b"));
    client.withdraw("b");
    let fate = client.fate("b").await;
    assert!(fate.contains("unsent: It was withdrawn"), "{fate}");
    // For another slot nothing has to be waited for.
    client.send(own("c"), "c", r#"{"id": "c", "target": "another"}"#);
    let fate = client.fate("c").await;
    assert!(fate.starts_with("unsent: ") && fate.contains("503"), "{fate}");
    let mut off = Client::start(quick("ws://127.0.0.1:1"));
    off.send(own("d"), "d", &frame("d"));
    let fate = off.fate("d").await;
    assert!(fate.starts_with("unsent: Not connected"), "{fate}");
}

#[tokio::test]
async fn the_loss_of_one_touches_no_other() {
    let (lose, told) = watch::channel(false);
    let url = serve_tasks(move |n, stream| {
        let mut told = told.clone();
        async move {
            let (mut ws, _) = upgrade(stream).await;
            text(&mut ws).await;
            tokio::select! {
                _ = told.wait_for(|&lost| lost) => {}
                _ = async { while ws.next().await.is_some() {} } => panic!("it was closed"),
            }
            if n == 1 {
                ws.send(ok("b")).await.unwrap();
                idle(ws).await;
            }
        }
    })
    .await;
    let mut client = Client::start(quick(&url));
    client.live(Line::Router).await;
    for id in ["a", "b"] {
        client.send(own(id), id, &frame(id));
        client.sent(id).await;
    }
    lose.send(true).unwrap();
    let mut fates = Vec::new();
    while fates.len() < 2 {
        let fate = client
            .until("a fate", |event| match event {
                Event::Link { line: Line::Task(id), state: LinkState::Stopped { .. } } => {
                    Some(format!("{id} is lost"))
                }
                Event::Reply { reply, .. } => Some(format!("{} is answered", reply.id.as_deref()?)),
                Event::Link { line: Line::Router, state } => panic!("{state:?}"),
                _ => None,
            })
            .await;
        fates.push(fate);
    }
    fates.sort();
    assert_eq!(fates, ["a is lost", "b is answered"]);
}

#[tokio::test]
async fn what_waits_for_its_turn_does_not_go_out_after_the_router_is_lost() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let url = serve_tasks(move |n, stream| {
        let log = Arc::clone(&log);
        async move {
            let (mut ws, _) = upgrade(stream).await;
            if n == 0 {
                // Nobody knows whether it has the frame, and the next one waits for that.
                return std::future::pending::<()>().await;
            }
            let frame = text(&mut ws).await;
            log.lock().unwrap().push(frame);
        }
    })
    .await;
    let mut client = one_sent(quick(&url)).await;
    client.send(own("b"), "b", &frame("b"));
    client.send(Line::Router, "end", &frame("end"));
    let fate = client.fate("b").await;
    assert!(fate.contains("unsent: The connection to the router was lost"), "{fate}");
    assert_eq!(*seen.lock().unwrap(), [] as [String; 0]);
}

#[tokio::test]
async fn what_was_lost_is_told_before_all_count_as_looked_at() {
    let gone = Arc::new(Notify::new());
    let go = Arc::clone(&gone);
    let url = serve_tasks(move |_, stream| {
        let go = Arc::clone(&go);
        async move {
            let (mut ws, _) = upgrade(stream).await;
            text(&mut ws).await;
            // Nobody reads on: the question that comes now is not answered.
            go.notified().await;
        }
    })
    .await;
    let mut client = one_sent(quick(&url)).await;
    client.look();
    client.send(Line::Router, "b", &frame("b"));
    let early = client.until("b", |event| match event {
        Event::Sent { id } if **id == *"b" => Some(false),
        Event::Looked => Some(true),
        _ => None,
    });
    assert!(!early.await, "one has not answered yet");
    gone.notify_one();
    let mut lost = false;
    client
        .until("the end of the look", |event| {
            lost |=
                matches!(event, Event::Link { line, state: LinkState::Stopped { .. } } if *line == own("a"));
            matches!(event, Event::Looked).then_some(())
        })
        .await;
    assert!(lost);
    // All that are left answer.
    client.look();
    client.until("the end of another", |event| matches!(event, Event::Looked).then_some(())).await;
}

#[tokio::test]
async fn a_look_waits_for_none_that_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut client = Client::start(Options { first_backoff: PATIENCE, max_backoff: PATIENCE, ..quick(&url) });
    client.down(Line::Router).await;
    client.look();
    client.until("the end of the look", |event| matches!(event, Event::Looked).then_some(())).await;
}
