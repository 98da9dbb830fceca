//! Messages of the bus, decoded and taken in, against touching the same bytes once.
//!
//! `cargo bench --bench bus`. What is measured is the small ones (up to 4 KiB), of which nearly all are; the rate of large ones
//! is that of copying them.

#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a benchmark fails by panicking")]

use std::{hint::black_box, time::Duration};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use juicetop::{
    store::{Input, Limits, Store},
    time::Now,
    wire::bus,
};

mod corpus;

use corpus::{SMALL, bus_messages};

const COUNT: usize = 100_000;

fn small(seed: u64) -> Vec<Vec<u8>> {
    let mut all = bus_messages(seed, COUNT);
    all.retain(|message| message.len() <= SMALL);
    all
}

fn messages(c: &mut Criterion) {
    let messages = small(1);
    let bytes: usize = messages.iter().map(Vec::len).sum();
    let mut group =
        c.benchmark_group(format!("{} messages, {} bytes each", messages.len(), bytes / messages.len()));
    group
        .throughput(Throughput::Elements(messages.len() as u64))
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    group.bench_function("touch", |b| {
        b.iter(|| {
            messages.iter().filter(|message| memchr::memchr(0xff, black_box(message)).is_some()).count()
        });
    });
    group.bench_function("decode", |b| {
        b.iter(|| messages.iter().filter(|message| bus::decode(black_box(message)).is_err()).count());
    });
    // As it is after some time: what comes in, others are let go for.
    let limits = Limits { ended_tasks: 20_000, ..Limits::default() };
    let mut store = Store::new(limits);
    let mut seed = 1;
    let mut moment = 0.0;
    group.bench_function("decode and apply", |b| {
        b.iter_batched_ref(
            || {
                seed += 1;
                small(seed)
            },
            |messages| {
                for message in messages {
                    moment += 0.0005;
                    store.apply(Input::Bus(bus::decode(message).expect("a message")), Now::at(moment));
                }
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, messages);
criterion_main!(benches);
