//! A lab as Juice's own files describe it, on the demonstration's server: its services can be looked at from here, and nobody
//! looks after their processes.

use std::{fs, path::Path};

/// Writes the files of a lab with these services, whose router is at `url`, into that folder.
pub fn configure(folder: &Path, url: &str, services: &[&str]) {
    let port = url.rsplit(':').next().expect("a port");
    let mut orchestration = String::new();
    let (mut servers, mut kernels) = (String::new(), String::new());
    for name in services {
        orchestration.push_str(&format!(
            "[services.\"{name}\"]\nentrypoint = \"orangeqs.juice.service:IPythonService\"\n"
        ));
        servers.push_str(&format!("[services.\"{name}\"]\nip = \"127.0.0.1\"\nport = 9\n"));
        kernels.push_str(&format!("[services.\"{name}\"]\nip = \"127.0.0.1\"\nsupervisor_port = 9\n"));
    }
    let manager =
        format!("[network]\nip = \"127.0.0.1\"\nrouter_port = {port}\npub_port = 9\nsub_port = 9\n");
    for (file, text) in [
        ("orchestration.toml", orchestration),
        ("task-servers.toml", servers),
        ("task-manager.toml", manager),
        ("ipykernel.toml", kernels),
    ] {
        fs::write(folder.join(file), text).expect("a file");
    }
}
