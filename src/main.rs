//! The program. There is nothing to run yet.

fn main() {}
