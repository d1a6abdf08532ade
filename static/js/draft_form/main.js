// @ts-check
/** The form of a draft. Without scripts it has its buttons. */

import { required } from "../shared/dom.js";
import { Autosave } from "./autosave.js";
import { CriteriaEditor } from "./criteria.js";
import { enableDescribedFile } from "./described_file.js";
import { enableSuggestions } from "./suggestions.js";

const form = required(document, "form[data-autosave]", HTMLFormElement);
enableSuggestions(new CriteriaEditor(required(form, "#criteria")));
new Autosave(form);
enableDescribedFile(required(form, "[name=description]", HTMLTextAreaElement));
