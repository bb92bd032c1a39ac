// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The management socket: what the daemon counts, told to its own user over HTTP/1.1 on a
//! Unix socket. Read-only, but for faults that a test asks for. Knows connections and their limits; [`resources`] knows what is
//! told.
//!
//! It runs on a thread of its own and takes the guest's lock for moments only
//! ([`crate::device`]'s snapshots), however often it is asked: an answer is given again for
//! [`resources::FRESH`].

pub mod resources;

use std::convert::Infallible;
use std::io;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::fs::Mode;
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, oneshot};

use resources::Resources;

/// Connections served at a time. More wait to be accepted.
pub const MAX_CONNECTIONS: usize = 16;

/// How long one may take over its request's head.
const HEAD_PATIENCE: Duration = Duration::from_secs(2);

/// How long a connection, which carries one request, may last.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Where it is asked for that the GPU vanishes.
const GPU_LOST: &str = "/faults/gpu-lost";

/// Bytes of a request's head, at most.
const MAX_HEAD: usize = 8192;

/// Headers of a request, at most.
const MAX_HEADERS: usize = 32;

/// The socket, listening. Dropped, it is gone.
pub struct Socket {
    path: PathBuf,
    listener: UnixListener,
}

impl Socket {
    /// Listens on `path`, where nothing is. The socket is nobody else's from its first moment.
    /// To be called while the process has one thread: it sets the process's file mode mask for
    /// that moment.
    pub fn claim(path: &Path) -> io::Result<Self> {
        let before = rustix::process::umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
        let bound = UnixListener::bind(path);
        rustix::process::umask(before);
        let socket = Self {
            path: path.to_owned(),
            listener: bound?,
        };
        socket.listener.set_nonblocking(true)?;
        Ok(socket)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The socket, being served. Dropped, it is gone.
pub struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _socket: Socket,
}

impl Server {
    /// Answers from `resources` on a thread of its own.
    pub fn start(socket: Socket, resources: Resources) -> anyhow::Result<Self> {
        let listener = socket.listener.try_clone()?;
        let (stop, stopped) = oneshot::channel();
        let mut server = Self {
            stop: Some(stop),
            thread: None,
            _socket: socket,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let listener = {
            let _entered = runtime.enter();
            tokio::net::UnixListener::from_std(listener)?
        };
        let thread = std::thread::Builder::new().name("management".into());
        let serve = move || {
            runtime.block_on(async {
                tokio::spawn(accept(listener, Arc::new(resources)));
                let _ = stopped.await;
            });
        };
        let thread = thread.spawn(serve).context("no thread for it")?;
        server.thread = Some(thread);
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: tokio::net::UnixListener, resources: Arc<Resources>) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) if is_own(&stream) => {
                let resources = Arc::clone(&resources);
                tokio::spawn(async move {
                    let _ = tokio::time::timeout(PATIENCE, serve(stream, resources)).await;
                    drop(permit);
                });
            }
            Ok(_) => log::warn!("another user connected to the management socket"),
            Err(error) => {
                log::warn!("the management socket: {error}");
                // Want of descriptors, say: it may pass.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Whether the other side runs as the user that the daemon runs as.
fn is_own(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own)
}

/// Serves a connection: one request.
async fn serve(stream: UnixStream, resources: Arc<Resources>) {
    let service = service_fn(|request| {
        let resources = Arc::clone(&resources);
        async move { Ok::<_, Infallible>(answer(&request, &resources)) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .keep_alive(false)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        log::debug!("a connection to the management socket ended: {error}");
    }
}

fn answer(request: &Request<Incoming>, resources: &Resources) -> Response<Full<Bytes>> {
    let known = request.uri().query().is_none();
    if known && resources.takes_faults() && request.uri().path() == GPU_LOST {
        return fault(request, resources);
    }
    let Some(resource) = resources::find(request.uri().path()).filter(|_| known) else {
        return refusal(
            StatusCode::NOT_FOUND,
            "no such resource; / lists what there is\n",
        );
    };
    if request.method() != Method::GET {
        let mut refusal = refusal(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
        let headers = refusal.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static("GET"));
        return refusal;
    }
    if !request.body().is_end_stream() {
        return refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "a request has no body here\n",
        );
    }
    let mut response = Response::new(Full::new(resources.text(resource)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(resource.kind()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Has the GPU vanish.
fn fault(request: &Request<Incoming>, resources: &Resources) -> Response<Full<Bytes>> {
    if request.method() != Method::POST {
        let mut refusal = refusal(StatusCode::METHOD_NOT_ALLOWED, "only POST\n");
        let headers = refusal.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
        return refusal;
    }
    if !request.body().is_end_stream() {
        return refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "a request has no body here\n",
        );
    }
    match resources.lose_gpu() {
        true => refusal(StatusCode::OK, "the GPU is gone\n"),
        false => refusal(StatusCode::CONFLICT, "no guest uses the GPU\n"),
    }
}

fn refusal(status: StatusCode, why: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(why.as_bytes())));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
