//! Something that answers as InfluxDB: takes what Juice writes and forgets it, answers queries with no rows.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

/// Starts it on a free loopback port, for as long as this process lives; its port.
pub fn start() -> std::io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A client that goes away in the middle is no concern of ours.
            thread::spawn(move || answer(connection).ok());
        }
    });
    Ok(port)
}

/// Answers the requests of one connection until it closes.
fn answer(connection: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            match header.trim().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().unwrap_or(0);
                }
                Some(_) => {}
                None => break,
            }
        }
        std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink())?;
        let status = if request.contains("query") { "200 OK" } else { "204 No Content" };
        write!(writer, "HTTP/1.1 {status}\r\nContent-Type: text/csv\r\nContent-Length: 0\r\n\r\n")?;
    }
}
