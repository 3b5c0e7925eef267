// Paints what the timeline shows beside its lines: phases, fault bands, gate limits and events. Inlined before
// timeline.mjs as a classic script; colours are read anew at each painting, for the theme may change.
globalThis.gauntletPainter = (data, color) => {
  return { laneCount, drawBands, drawMarks, faultName };

  /** Faults that overlap in time get lanes of their own. */
  function lanes() {
    const ends = [];
    return data.faults.map((fault) => {
      const free = ends.findIndex((end) => end <= fault.fromMs);
      const lane = free === -1 ? ends.length : free;
      ends[lane] = Math.max(fault.toMs, fault.fromMs + data.spanMs / 5);
      return lane;
    });
  }

  function laneCount() {
    return data.faults.length === 0 ? 0 : 1 + Math.max(...lanes());
  }

  function drawBands(chart, labels) {
    const { ctx, bbox } = chart;
    const ratio = uPlot.pxRatio;
    const at = (value) =>
      Math.min(Math.max(chart.valToPos(value / 1000, 'x', true), bbox.left), bbox.left + bbox.width);
    ctx.save();
    ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = 'middle';
    data.phases.forEach((phase, i) => {
      const [from, to] = [at(phase.fromMs), at(phase.toMs)];
      if (to <= from) return;
      if (labels) {
        ctx.fillStyle = color(i % 2 === 0 ? '--accent-soft' : '--panel');
        ctx.fillRect(from, 0, to - from, 20 * ratio);
        ctx.fillStyle = color('--text');
        fitText(ctx, phase, from, to, 10 * ratio);
      }
      ctx.fillStyle = color('--line');
      if (i > 0) ctx.fillRect(from, bbox.top, ratio, bbox.height);
    });
    const laneOf = lanes();
    data.faults.forEach((fault, i) => {
      const [from, to] = [at(fault.fromMs), Math.max(at(fault.toMs), at(fault.fromMs) + 2 * ratio)];
      if (from >= bbox.left + bbox.width || to <= bbox.left + ratio * 2) return;
      const y = labels ? (24 + 18 * laneOf[i]) * ratio : bbox.top;
      ctx.fillStyle = color(fault.tookHold ? '--fault-soft' : '--unsure-soft');
      ctx.fillRect(from, y, to - from, bbox.top + bbox.height - y);
      ctx.fillStyle = color(fault.tookHold ? '--fault' : '--unsure');
      ctx.fillRect(from, y, to - from, 3 * ratio);
      if (!labels) return;
      const text = `${fault.tookHold ? '⚡' : '✕'} ${faultName(fault)}`;
      const right = from + ctx.measureText(text).width + 6 * ratio > bbox.left + bbox.width;
      ctx.textAlign = right ? 'right' : 'left';
      ctx.fillText(text, right ? to - 4 * ratio : from + 4 * ratio, y + 11 * ratio);
      ctx.textAlign = 'left';
    });
    ctx.restore();
  }

  function drawMarks(chart, plot, i) {
    const { ctx, bbox } = chart;
    const ratio = uPlot.pxRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top - 14 * ratio, bbox.width, bbox.height + 14 * ratio);
    ctx.clip();
    ctx.font = `${11.5 * ratio}px system-ui, sans-serif`;
    ctx.strokeStyle = ctx.fillStyle = color('--fail');
    ctx.lineWidth = 1.4 * ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    for (const limit of plot.limits) {
      const y = chart.valToPos(limit.value, 'y', true);
      let right = bbox.left;
      for (const { fromMs, toMs } of limit.spans) {
        ctx.beginPath();
        ctx.moveTo(chart.valToPos(fromMs / 1000, 'x', true), y);
        right = Math.min(chart.valToPos(toMs / 1000, 'x', true), bbox.left + bbox.width);
        ctx.lineTo(right, y);
        ctx.stroke();
      }
      if (right <= bbox.left) continue;
      ctx.textAlign = 'right';
      ctx.fillText(
        limit.label,
        Math.max(right - 4 * ratio, bbox.left + ctx.measureText(limit.label).width + 4 * ratio),
        y + (limit.floor ? 14 : -5) * ratio,
      );
    }
    ctx.setLineDash([]);
    ctx.fillStyle = color('--text');
    for (const event of i === 1 ? data.events : []) {
      const x = chart.valToPos(event.atMs / 1000, 'x', true);
      const y = bbox.top + bbox.height - 6 * ratio;
      ctx.beginPath();
      ctx.moveTo(x, y - 5 * ratio);
      ctx.lineTo(x + 5 * ratio, y);
      ctx.lineTo(x, y + 5 * ratio);
      ctx.lineTo(x - 5 * ratio, y);
      ctx.fill();
    }
    ctx.restore();
  }

  function fitText(ctx, phase, from, to, y) {
    const gap = 8 * uPlot.pxRatio;
    let shown = phase.measure ? phase.name : `${phase.name} (not measured)`;
    if (ctx.measureText(shown).width > to - from - gap) shown = phase.name;
    while (shown.length > 2 && ctx.measureText(shown).width > to - from - gap) shown = `${shown.slice(0, -2)}…`;
    if (shown.length <= 2) return;
    ctx.textAlign = 'center';
    ctx.fillText(shown, (from + to) / 2, y);
    ctx.textAlign = 'left';
  }

  function faultName(fault) {
    return fault.id.startsWith(fault.kind) ? fault.id : `${fault.id} · ${fault.kind}`;
  }
};
