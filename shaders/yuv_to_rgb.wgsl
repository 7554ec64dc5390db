// Draws one video picture: the planes as the codec stores them to gamma-encoded RGB, upright, the wanted part of it, into the viewport that
// egui sets.
//
// What depends on the standard (range, matrix) is one matrix computed on the CPU, and what depends on the format (bits, pairs, byte
// order) is one weight for each byte of a texel: nothing branches but for high dynamic range. Texels are loaded and weighted here, for the
// filters of graphics cards interpolate in steps of 1/256.

struct Uniforms {
    // Rows of the 3x4 matrix from (Y, U, V, 1), each 0..1, to R, G, B.
    red: vec4<f32>,
    green: vec4<f32>,
    blue: vec4<f32>,
    // 2x2 matrix that turns a place in the upright picture, measured from its middle, to the stored one.
    turn: vec4<f32>,
    // The part of the upright picture that fills the viewport: left, top, width, height, each 0..1.
    part: vec4<f32>,
    // Weights of the bytes of a texel, each 0..1, that make Y, U, V and opacity 0..1.
    pick_y: vec4<f32>,
    pick_u: vec4<f32>,
    pick_v: vec4<f32>,
    pick_a: vec4<f32>,
    // Stored size in pixels.
    luma_size: vec2<f32>,
    // Luma pixels from one chroma sample to the next, and where the first one lies.
    chroma_step: vec2<f32>,
    chroma_first: vec2<f32>,
    // 0: as a display shows it, 1: PQ, 2: HLG.
    transfer_kind: u32,
    // 1: opaque whatever the weights say.
    opaque: f32,
};

@group(0) @binding(0) var<uniform> picture: Uniforms;
@group(0) @binding(1) var plane_y: texture_2d<f32>;
@group(0) @binding(2) var plane_u: texture_2d<f32>;
@group(0) @binding(3) var plane_v: texture_2d<f32>;
@group(0) @binding(4) var plane_a: texture_2d<f32>;

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

// Value at a place counted in texels from the middle of the first one.
fn between(plane: texture_2d<f32>, pick: vec4<f32>, at: vec2<f32>) -> f32 {
    let last = vec2<f32>(textureDimensions(plane)) - vec2<f32>(1.0, 1.0);
    let inside = clamp(at, vec2<f32>(0.0, 0.0), last);
    let first = floor(inside);
    let share = inside - first;
    let a = vec2<i32>(first);
    let b = vec2<i32>(min(first + vec2<f32>(1.0, 1.0), last));
    let above = mix(dot(textureLoad(plane, a, 0), pick), dot(textureLoad(plane, vec2<i32>(b.x, a.y), 0), pick), share.x);
    let below = mix(dot(textureLoad(plane, vec2<i32>(a.x, b.y), 0), pick), dot(textureLoad(plane, b, 0), pick), share.x);
    return mix(above, below, share.y);
}

// SMPTE ST 2084: value to candela a square metre.
fn light_of_pq(value: f32) -> f32 {
    let root = pow(clamp(value, 0.0, 1.0), 1.0 / 78.84375);
    return 10000.0 * pow(max(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root), 1.0 / 0.1593017578125);
}

// ITU-R BT.2100, HLG: value to light of the scene, 0..1.
fn scene_of_hlg(value: f32) -> f32 {
    let v = clamp(value, 0.0, 1.0);
    if v <= 0.5 {
        return v * v / 3.0;
    }
    return (exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12.0;
}

// IEC 61966-2-1: light 0..1 to sRGB.
fn encoded(value: f32) -> f32 {
    let light = clamp(value, 0.0, 1.0);
    if light <= 0.0031308 {
        return 12.92 * light;
    }
    return 1.055 * pow(light, 1.0 / 2.4) - 0.055;
}

// High dynamic range to the display's: see src/video/tone.rs, which does the same.
fn mapped(rgb: vec3<f32>) -> vec3<f32> {
    var light: vec3<f32>;
    if picture.transfer_kind == 1u {
        light = vec3<f32>(light_of_pq(rgb.r), light_of_pq(rgb.g), light_of_pq(rgb.b));
    } else {
        let scene = vec3<f32>(scene_of_hlg(rgb.r), scene_of_hlg(rgb.g), scene_of_hlg(rgb.b));
        let luminance = dot(scene, vec3<f32>(0.2627, 0.678, 0.0593));
        light = scene * (1000.0 * pow(max(luminance, 1e-6), 0.2));
    }
    let scaled = light / 203.0;
    let brightest = max(max(scaled.r, scaled.g), max(scaled.b, 1e-6));
    let white = 1000.0 / 203.0;
    let c = scaled * ((1.0 + brightest / (white * white)) / (1.0 + brightest));
    return vec3<f32>(
        encoded(dot(c, vec3<f32>(1.6605, -0.5876, -0.0728))),
        encoded(dot(c, vec3<f32>(-0.1246, 1.1329, -0.0083))),
        encoded(dot(c, vec3<f32>(-0.0182, -0.1006, 1.1187))),
    );
}

@fragment
fn pixel(in: Corner) -> @location(0) vec4<f32> {
    let upright = picture.part.xy + in.place * picture.part.zw - vec2<f32>(0.5, 0.5);
    let stored = vec2<f32>(dot(picture.turn.xy, upright), dot(picture.turn.zw, upright)) + vec2<f32>(0.5, 0.5);
    let luma = stored * picture.luma_size - vec2<f32>(0.5, 0.5);
    let chroma = (luma - picture.chroma_first) / picture.chroma_step;
    let yuv1 = vec4<f32>(
        between(plane_y, picture.pick_y, luma),
        between(plane_u, picture.pick_u, chroma),
        between(plane_v, picture.pick_v, chroma),
        1.0,
    );
    var rgb = vec3<f32>(dot(picture.red, yuv1), dot(picture.green, yuv1), dot(picture.blue, yuv1));
    if picture.transfer_kind > 0u {
        rgb = mapped(rgb);
    }
    rgb = clamp(rgb, vec3<f32>(0.0), vec3<f32>(1.0));
    // What is behind a transparent picture: squares of two greys.
    let square = vec2<u32>(in.position.xy) / vec2<u32>(8u, 8u);
    let behind = select(0.35, 0.45, ((square.x + square.y) & 1u) == 1u);
    let opacity = max(between(plane_a, picture.pick_a, luma), picture.opaque);
    return vec4<f32>(mix(vec3<f32>(behind), rgb, clamp(opacity, 0.0, 1.0)), 1.0);
}
