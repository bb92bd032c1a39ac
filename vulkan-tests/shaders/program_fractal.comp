#version 460
// Mandelbrot's set in whole numbers with 12 bits behind the point.
layout(local_size_x = 8, local_size_y = 8) in;
layout(std430, binding = 0) writeonly buffer Turns { uint turns[]; };
layout(push_constant) uniform Size { ivec2 size; };
void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(at, size))) return;
    int x0 = at.x * 12288 / size.x - 8192, y0 = at.y * 8192 / size.y - 4096;
    int x = 0, y = 0;
    uint n = 0u;
    while (n < 200u && x * x + y * y <= 4 << 24) {
        int next = ((x * x - y * y) >> 12) + x0;
        y = ((x * y) >> 11) + y0;
        x = next;
        n++;
    }
    turns[at.y * size.x + at.x] = n;
}
