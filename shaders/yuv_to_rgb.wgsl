// Draws one video picture: three 8-bit planes to gamma-encoded RGB, upright, into the viewport that egui sets.
//
// All that depends on the standard (range, matrix) is one matrix computed on the CPU, so that nothing here branches.

struct Uniforms {
    // Rows of the 3x4 matrix from (Y, U, V, 1), each 0..1, to R, G, B.
    red: vec4<f32>,
    green: vec4<f32>,
    blue: vec4<f32>,
    // 2x2 matrix that turns a place in the upright picture, measured from its middle, to the stored one.
    turn: vec4<f32>,
    // Stored size in pixels, and size of the chroma planes.
    luma_size: vec2<f32>,
    chroma_size: vec2<f32>,
    // Luma pixels from one chroma sample to the next, and where the first one lies.
    chroma_step: vec2<f32>,
    chroma_first: vec2<f32>,
};

@group(0) @binding(0) var<uniform> picture: Uniforms;
@group(0) @binding(1) var plane_y: texture_2d<f32>;
@group(0) @binding(2) var plane_u: texture_2d<f32>;
@group(0) @binding(3) var plane_v: texture_2d<f32>;
@group(0) @binding(4) var smooth_sampler: sampler;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) place: vec2<f32>,
};

@vertex
fn corner(@builtin(vertex_index) index: u32) -> Corner {
    // One triangle that covers the viewport.
    let place = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u));
    var out: Corner;
    out.position = vec4<f32>(place.x * 2.0 - 1.0, 1.0 - place.y * 2.0, 0.0, 1.0);
    out.place = place;
    return out;
}

@fragment
fn pixel(in: Corner) -> @location(0) vec4<f32> {
    let upright = in.place - vec2<f32>(0.5, 0.5);
    let stored = vec2<f32>(dot(picture.turn.xy, upright), dot(picture.turn.zw, upright)) + vec2<f32>(0.5, 0.5);
    // Places in pixels: the middle of the first pixel is 0.5.
    let luma = stored * picture.luma_size;
    let chroma = ((luma - vec2<f32>(0.5, 0.5) - picture.chroma_first) / picture.chroma_step + vec2<f32>(0.5, 0.5))
        / picture.chroma_size;
    let yuv1 = vec4<f32>(
        textureSampleLevel(plane_y, smooth_sampler, stored, 0.0).r,
        textureSampleLevel(plane_u, smooth_sampler, chroma, 0.0).r,
        textureSampleLevel(plane_v, smooth_sampler, chroma, 0.0).r,
        1.0,
    );
    let rgb = vec3<f32>(dot(picture.red, yuv1), dot(picture.green, yuv1), dot(picture.blue, yuv1));
    return vec4<f32>(clamp(rgb, vec3<f32>(0.0), vec3<f32>(1.0)), 1.0);
}
