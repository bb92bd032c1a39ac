// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The kernel's zlib, to compress with. A kernel may lack it (`CONFIG_ZLIB_DEFLATE`).

#[cfg(not(CONFIG_ZLIB_DEFLATE))]
use kernel::prelude::*;

#[cfg(CONFIG_ZLIB_DEFLATE)]
pub(crate) use zlib::Deflate;

/// What one call of [`Deflate::step`] has done.
pub(crate) struct Step {
    /// Bytes of input that were taken.
    pub(crate) consumed: usize,
    /// Bytes of output that were made.
    pub(crate) produced: usize,
    /// The stream is at its end.
    pub(crate) ended: bool,
}

#[cfg(CONFIG_ZLIB_DEFLATE)]
mod zlib {
    use super::Step;
    use crate::raw;
    use core::ffi::c_int;
    use kernel::{prelude::*, types::Opaque};

    // As in the kernel's `linux/zlib.h`: its Z_FINISH isn't that of zlib elsewhere.
    const Z_NO_FLUSH: c_int = 0;
    const Z_FINISH: c_int = 5;
    const Z_OK: c_int = 0;
    const Z_STREAM_END: c_int = 1;
    const Z_DEFLATED: c_int = 8;
    const Z_DEFAULT_STRATEGY: c_int = 0;
    /// `Z_BEST_SPEED`: whoever waits for a hung submission's end waits for this.
    const LEVEL: c_int = 1;
    /// `MAX_WBITS` and `DEF_MEM_LEVEL`, as i915 has them.
    const WINDOW_BITS: c_int = 15;
    const MEMORY_LEVEL: c_int = 8;

    /// Makes zlib streams, one at a time.
    pub(crate) struct Deflate {
        /// Points at itself once it has begun, so it stays where it is.
        stream: KBox<Opaque<raw::z_stream_s>>,
        /// Of `u64`s, which are aligned well enough for what zlib keeps in it. Held.
        _workspace: KVVec<u64>,
        begun: bool,
    }

    // SAFETY: A stream may be used on any thread.
    unsafe impl Send for Deflate {}

    impl Deflate {
        /// With all the memory it needs; none if the kernel has no zlib. ENOMEM. Process
        /// context.
        pub(crate) fn new() -> Result<Option<Self>> {
            // SAFETY: It only calculates; both numbers are within its limits.
            let size = unsafe { raw::zlib_deflate_workspacesize(WINDOW_BITS, MEMORY_LEVEL) };
            let words = (size as usize).div_ceil(size_of::<u64>());
            let mut workspace = KVVec::new();
            workspace.resize(words, 0u64, GFP_KERNEL)?;
            let stream = raw::z_stream_s {
                workspace: workspace.as_mut_ptr().cast(),
                ..Default::default()
            };
            Ok(Some(Self {
                stream: KBox::new(Opaque::new(stream), GFP_KERNEL)?,
                _workspace: workspace,
                begun: false,
            }))
        }

        /// Begins a stream; one that hasn't ended is given up. Process context.
        pub(crate) fn begin(&mut self) -> Result {
            // SAFETY: The workspace is there, and as large as zlib said it must be for
            // these parameters.
            let result = unsafe {
                raw::zlib_deflateInit2(
                    self.stream.get(),
                    LEVEL,
                    Z_DEFLATED,
                    WINDOW_BITS,
                    MEMORY_LEVEL,
                    Z_DEFAULT_STRATEGY,
                )
            };
            self.begun = result == Z_OK;
            self.begun.then_some(()).ok_or(EINVAL)
        }

        /// Compresses from `input` to `output`, as far as either goes; `last` if all that
        /// is left of the stream's contents is in `input`. EINVAL outside a stream. Process
        /// context.
        pub(crate) fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Result<Step> {
            if !self.begun {
                return Err(EINVAL);
            }
            let stream = self.stream.get();
            // SAFETY: The stream is initialised, and nobody else has it. What it points at
            // from here on is used during the call below alone.
            let result = unsafe {
                (*stream).next_in = input.as_ptr();
                (*stream).avail_in = input.len() as _;
                (*stream).next_out = output.as_mut_ptr();
                (*stream).avail_out = output.len() as _;
                raw::zlib_deflate(stream, if last { Z_FINISH } else { Z_NO_FLUSH })
            };
            // SAFETY: As above.
            let (input_left, output_left) =
                unsafe { ((*stream).avail_in as usize, (*stream).avail_out as usize) };
            let ended = result == Z_STREAM_END;
            self.begun = result == Z_OK;
            if !ended && !self.begun {
                return Err(EIO);
            }
            Ok(Step {
                consumed: input.len().saturating_sub(input_left),
                produced: output.len().saturating_sub(output_left),
                ended,
            })
        }
    }
}

/// A kernel without zlib has nothing to make one of.
#[cfg(not(CONFIG_ZLIB_DEFLATE))]
pub(crate) struct Deflate(core::convert::Infallible);

#[cfg(not(CONFIG_ZLIB_DEFLATE))]
impl Deflate {
    /// None.
    pub(crate) fn new() -> Result<Option<Self>> {
        Ok(None)
    }

    /// Can't be called.
    pub(crate) fn begin(&mut self) -> Result {
        match self.0 {}
    }

    /// Can't be called.
    pub(crate) fn step(&mut self, _: &[u8], _: &mut [u8], _last: bool) -> Result<Step> {
        match self.0 {}
    }
}
