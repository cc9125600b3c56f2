// What can be asked of a recording: the analyses that queries run, the models they may name, from how sure on.
import { get } from "./api.js";
import { el } from "./dom.js";
import { optionField } from "./option_fields.js";

const SURE = [0.5, 0.7, 0.8, 0.9];
/** Of analyses whose tracks go on with what is doubtful: a lower threshold finds more there. */
const DOUBTFUL = [0.2, 0.35];

export class QueryChoice {
  /** `form`: the fields that the page came with; this one adds what depends on the analysis. */
  constructor(form) {
    this.fields = form.elements;
    this.offered = null;
    this.model = el("select", { class: "form-select", name: "model" });
    this.modelLabel = el("label", { class: "col-sm form-label", hidden: true }, "Model ", this.model);
    this.fields.mode.closest(".row").append(this.modelLabel);
    this.further = el("div", { hidden: true });
    this.fields.mode.closest(".row").after(this.further);
    this.note = el("p", { class: "small text-body-secondary mb-0", hidden: true });
    this.fields.analysis.closest("label").after(this.note);
    this.classes = null;
  }

  /** Ask the server once; the form stays as it is where it does not answer. */
  async load() {
    if (this.offered) return;
    const { analyses } = await get("/v1/analyses");
    this.offered = new Map(analyses.filter((one) => one.queries).map((one) => [one.name, one]));
    this.fields.analysis.replaceChildren(...[...this.offered.values()].map((one) => el("option", { value: one.name }, one.title)));
  }

  /** Fit the fields to the analysis that is chosen. */
  update() {
    const chosen = this.offered?.get(this.fields.analysis.value);
    if (!chosen) return;
    const usual = chosen.model ? `as usual: ${chosen.model.name}` : "as usual";
    this.model.replaceChildren(el("option", { value: "" }, usual), ...chosen.models.map(modelOption));
    this.modelLabel.hidden = chosen.models.length === 0;
    this.#fillSure(chosen.options.some((option) => option.name === "score_min"));
    const classes = chosen.options.find((option) => option.name === "classes");
    this.classes = classes ? optionField("options.classes", classes, undefined) : null;
    this.further.replaceChildren(...(this.classes ? [this.classes.element] : []));
    this.further.hidden = !this.classes;
    this.note.textContent = chosen.note ?? "";
    this.note.hidden = !chosen.note;
  }

  /** The field in which the API takes a purpose of the chosen analysis, or null. */
  get purpose() {
    return this.offered ? (this.offered.get(this.fields.analysis.value)?.purpose ?? null) : this.fields.analysis.value === "emotion" ? "emotion_purpose" : null;
  }

  /** What is chosen beyond the fields that the page came with. */
  read() {
    const options = {};
    if (this.model.value) options.model = this.model.value;
    const classes = this.classes?.read();
    if (classes) options.classes = classes;
    return options;
  }

  #fillSure(isTracked) {
    const select = this.fields.min_confidence;
    const before = select.value;
    const shares = isTracked ? [...DOUBTFUL, ...SURE] : SURE;
    select.replaceChildren(el("option", { value: "" }, "as usual"), ...shares.map((share) => el("option", { value: share }, `${Math.round(share * 100)} %`)));
    select.value = shares.includes(Number(before)) ? before : "";
  }
}

function modelOption(model) {
  const version = model.version === "own" ? "your own" : model.version;
  return el("option", { value: model.name, title: model.accuracy || null }, `${model.name} (${version})${model.here ? "" : ", on no machine that runs"}`);
}
