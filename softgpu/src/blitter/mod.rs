//! The blitter: rectangles of pixels in linear, X- and Y-tiled memory.

pub(crate) mod commands;
mod copy;
mod raster;
mod surface;

#[cfg(test)]
mod tests;
