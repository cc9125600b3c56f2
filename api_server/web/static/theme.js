// Light or dark, as the system has it: Bootstrap goes by an attribute. A classic script, so that it comes before the first paint.
{
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => { document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  dark.addEventListener("change", show);
  show();
}
